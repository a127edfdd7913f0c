-- SPDX-License-Identifier: Apache-2.0
--
-- Milliseconds until the next queued job is due; no row: there is none. $1: the time, or null;
-- $2: as $4 of claim_jobs.sql.
select next_attempt_ms
       - coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
from exportq.job
where state = 'QUEUED' and next_attempt_ms >= $2::bigint
order by next_attempt_ms
limit 1
