-- SPDX-License-Identifier: Apache-2.0
--
-- Extends leases; gives the places of those that still hold. $1: the time, or null; $2: the lease's
-- milliseconds; $3 to $6: jobs, claims, attempts, workers.
update exportq.job
set lease_until_ms = $2::bigint
    + coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
from unnest($3::uuid[], $4::bigint[], $5::integer[], $6::text[]) with ordinality
     as held(id, claim, attempt, worker, n)
where job.id = held.id and job.claim = held.claim and job.attempt = held.attempt
  and job.worker = held.worker and (job.state = 'RUNNING') is true
returning held.n
