-- SPDX-License-Identifier: Apache-2.0
--
-- What a claimed attempt came to; no row: it is not the caller's any more. $1: the time, or null;
-- $2, $3: delivery and attempt; $4: the state it now has; $5: until the next attempt, if it is
-- pending; $6, $7: status and reason; $8: its URL is gone, and all others to it are given up, too;
-- $9: it is a failure.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), settled as (
    update exportq.delivery
    set state = $4, is_leased = false, status = $6::integer, reason = $7,
        next_ms = clock.now + $5::bigint,
        settled_ms = case when $4 = 'PENDING' then 0 else clock.now end,
        failures = failures + $9::boolean::integer
    from clock
    where id = $2::uuid and attempt = $3::integer and is_leased and (state = 'PENDING') is true
    returning id, url
), gone as (
    update exportq.webhook set is_gone = true from settled
    where $8::boolean and webhook.url = settled.url
), given_up as (
    update exportq.delivery
    set state = 'GIVEN_UP', is_leased = false, status = $6::integer, reason = $7,
        settled_ms = clock.now
    from settled, clock
    where $8::boolean and delivery.state = 'PENDING' and delivery.url = settled.url
      and delivery.id <> settled.id
)
select id from settled
