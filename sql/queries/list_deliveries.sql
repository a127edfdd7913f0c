-- SPDX-License-Identifier: Apache-2.0
--
-- Deliveries, newest first. $1: only numbers below, or null; $2: owner of the job, or null; $3: job, or
-- null; $4: states, or null; $5: how many. Planned anew each time: what is null falls away.
select id, url, state, attempt, failures, created_ms, next_ms, settled_ms, status, reason,
       job, owner, request_id, type, format, job_state, job_attempt,
       job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
       file_name, file_sha256, file_size, file_rows, number
from exportq.delivery
where ($1::bigint is null or number < $1)
  and ($2::text is null or owner = $2)
  and ($3::uuid is null or job = $3)
  and ($4::text[] is null or state = any ($4))
order by number desc
limit $5::integer
