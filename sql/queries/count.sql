-- SPDX-License-Identifier: Apache-2.0
--
-- What is and what was, since when the first job is due, the time, and whether the database only reads.
select (select count(*) from exportq.job where state = 'QUEUED'),
       (select count(*) from exportq.job where state = 'RUNNING'),
       sum(processed), sum(failed), sum(retried), sum(cancelled),
       coalesce(round(sum(duration_ms) / nullif(sum(processed), 0)), 0)::bigint,
       coalesce((select min(next_attempt_ms) from exportq.job where state = 'QUEUED'), 0),
       floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
       current_setting('transaction_read_only')::boolean
from exportq.counter
