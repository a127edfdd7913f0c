-- SPDX-License-Identifier: Apache-2.0
--
-- Forgets deliveries whose time is over. $1: the time, or null; $2: how many; $3: how long those
-- that were settled stay; $4: how long those stay that nobody sends.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), settled as materialized (
    select id from exportq.delivery
    where state <> 'PENDING' and settled_ms <= (select now from clock) - $3::bigint
    order by settled_ms
    limit $2::integer
    for update skip locked
), forsaken as materialized (
    select id from exportq.delivery
    where state = 'PENDING' and next_ms <= (select now from clock) - $4::bigint
    order by next_ms
    limit $2::integer
    for update skip locked
)
delete from exportq.delivery
where id = any (array(select id from settled union all select id from forsaken))
