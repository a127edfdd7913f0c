-- SPDX-License-Identifier: Apache-2.0
--
-- A job that is active has to be cancelled first, so that its end is told. $1: the time, or null;
-- $2: job; $3, $4: actor and address.
with done as (
    delete from exportq.job where id = $2::uuid and state not in ('QUEUED', 'RUNNING') returning *
), noted as (
    insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint), 'delete',
           $3::text, $4::text, done.id, done.owner, done.type
    from done
)
select * from done
