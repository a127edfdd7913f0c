-- SPDX-License-Identifier: Apache-2.0
--
-- Forgets jobs whose time is over. $1: the time, or null; $2: how many. (An array, for a join with
-- nobody knows how many rows would be planned as a walk through the table.)
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), old as materialized (
    select id from exportq.job
    where state in ('FAILED', 'CANCELLED', 'EXPIRED') and expires_ms <= (select now from clock)
    order by expires_ms
    limit $2::integer
    for update skip locked
)
delete from exportq.job where id = any (array(select id from old))
