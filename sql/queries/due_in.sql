-- SPDX-License-Identifier: Apache-2.0
--
-- Milliseconds until the next queued job is due; no row: there is none. $1: the time, or null.
select next_attempt_ms
       - coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
from exportq.job
where state = 'QUEUED'
order by next_attempt_ms
limit 1
