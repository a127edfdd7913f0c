-- SPDX-License-Identifier: Apache-2.0
--
-- QUEUED or RUNNING → CANCELLED. $1: the time, or null; $2: job; $3: retention; $4: the slot;
-- $5, $6: actor and address.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), done as (
    update exportq.job
    set state = 'CANCELLED', revision = revision + 1, completed_ms = clock.now,
        expires_ms = clock.now + $3::bigint, next_attempt_ms = 0, is_retry = false
    from clock
    where id = $2::uuid and (state in ('QUEUED', 'RUNNING')) is true
    returning job.*
), counted as (
    update exportq.counter set cancelled = cancelled + 1 from done where slot = $4::smallint
), noted as (
    insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
    select clock.now, 'cancel', $5::text, $6::text, done.id, done.owner, done.type from clock, done
)
select * from done
