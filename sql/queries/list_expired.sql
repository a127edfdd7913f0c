-- Completed jobs whose retention is over and that nobody is downloading. $1: the time, or null;
-- $2: how many.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
)
select * from exportq.job
where state = 'COMPLETED' and expires_ms <= (select now from clock)
  and (download_lease = 0 or download_lease_until_ms <= (select now from clock))
order by expires_ms
limit $2::integer
