-- SPDX-License-Identifier: Apache-2.0
--
-- Extends leases; gives the places of those that still hold. $1: the time, or null; $2: the lease's
-- milliseconds; $3 to $6: jobs, claims, attempts, workers. Rows are locked in the order of their ids,
-- as those of jobs that are handed in are, so that the two never wait for each other in a circle.
with held as materialized (
    select job.id, told.n
    from unnest($3::uuid[], $4::bigint[], $5::integer[], $6::text[]) with ordinality
         as told(id, claim, attempt, worker, n)
    join exportq.job on job.id = told.id and job.claim = told.claim and job.attempt = told.attempt
         and job.worker = told.worker and (job.state = 'RUNNING') is true
    order by job.id
    for no key update of job
)
update exportq.job
set lease_until_ms = $2::bigint
    + coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
from held
where job.id = held.id
returning held.n
