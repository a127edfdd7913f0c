-- SPDX-License-Identifier: Apache-2.0
--
-- Creates jobs of owners that are locked. One row each: its number, the job that has its request_id
-- already, whether it was made (else the owner has all the active jobs it may have), the time.
-- $1: the time, or null; $2: the jobs, a JSON array; $3: active jobs of an owner at most;
-- $4: attempts at most.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), asked as materialized (
    select * from json_to_recordset($2::json) as a(n integer, id uuid, owner text, request_id text,
                                                   type text, format text, spec json,
                                                   trace_parent text, trace_state text, actor text,
                                                   address text)
), known as materialized (
    select asked.n, job.id
    from asked, lateral (
        select id from exportq.job
        where owner = asked.owner and request_id = asked.request_id and request_id is not null
        limit 1
    ) as job
    where asked.request_id is not null
), fresh as materialized (
    select asked.*, row_number() over (partition by asked.owner order by asked.n) as place
    from asked where not exists (select from known where known.n = asked.n)
), made as (
    insert into exportq.job (id, owner, request_id, type, format, spec, max_attempts, created_ms,
                             next_attempt_ms, trace_parent, trace_state)
    select fresh.id, fresh.owner, fresh.request_id, fresh.type, fresh.format, fresh.spec, $4::integer,
           clock.now, clock.now, fresh.trace_parent, fresh.trace_state
    from clock, fresh, lateral (
        select count(*) as count from exportq.job
        where owner = fresh.owner and state in ('QUEUED', 'RUNNING')
    ) as active
    where active.count + fresh.place <= $3::integer
    order by fresh.n
    returning id
), noted as (
    insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
    select clock.now, 'create', fresh.actor, fresh.address, fresh.id, fresh.owner, fresh.type
    from clock, made join fresh on fresh.id = made.id
    order by fresh.n
)
select asked.n, known.id, made.id is not null, clock.now
from clock, asked
left join known on known.n = asked.n
left join made on made.id = asked.id
