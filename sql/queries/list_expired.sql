-- SPDX-License-Identifier: Apache-2.0
--
-- Completed jobs whose retention is over and that nobody is downloading. $1: the time, or null;
-- $2: how many; $3, $4: the time and the job that the list before this one ended with. It goes round
-- from there, so that files that cannot be removed are passed, and those behind them have their turn.
-- Both halves walk a piece of job_retention; the id tells apart what ended in the same millisecond.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), further as materialized (
    select * from exportq.job
    where state = 'COMPLETED' and expires_ms <= (select now from clock)
      and (download_lease = 0 or download_lease_until_ms <= (select now from clock))
      and (expires_ms, id) > ($3::bigint, $4::uuid)
    order by expires_ms, id
    limit $2::integer
), anew as materialized (
    select * from exportq.job
    where state = 'COMPLETED' and expires_ms <= (select now from clock)
      and (download_lease = 0 or download_lease_until_ms <= (select now from clock))
      and (expires_ms, id) <= ($3::bigint, $4::uuid)
    order by expires_ms, id
    limit $2::integer - (select count(*) from further)
)
select * from (select * from further union all select * from anew) as job
order by (expires_ms, id) <= ($3::bigint, $4::uuid), expires_ms, id
