-- SPDX-License-Identifier: Apache-2.0
--
-- What is and what was, since when the first job is due, the time, and whether the database only
-- reads.
select queued.count, (select count(*) from exportq.job where state = 'RUNNING'),
       sum(processed), sum(failed), sum(retried), sum(cancelled),
       coalesce(round(sum(duration_ms) / nullif(sum(processed), 0)), 0)::bigint,
       coalesce(queued.due_ms, 0),
       floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
       current_setting('transaction_read_only')::boolean
from exportq.counter, (
    select count(*) as count, min(next_attempt_ms) as due_ms from exportq.job where state = 'QUEUED'
) as queued
group by queued.count, queued.due_ms
