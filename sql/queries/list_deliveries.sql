-- SPDX-License-Identifier: Apache-2.0
--
-- Deliveries, newest first. $1: job, or null; $2: how many. Planned anew each time.
select id, url, state, attempt, created_ms, next_ms, settled_ms, status, reason,
       job, owner, request_id, type, format, job_state, job_attempt,
       job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
       file_name, file_sha256, file_size, file_rows
from exportq.delivery
where $1::uuid is null or job = $1
order by number desc
limit $2::integer
