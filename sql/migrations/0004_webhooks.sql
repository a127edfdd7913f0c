-- SPDX-License-Identifier: Apache-2.0
--
-- The outbox: who is to be told that a job ended. A trigger writes it in the statement that ends a
-- job, whichever statement and program that is; a job that nobody is told of has no row.

-- Who is told of the ends of all jobs, as exportqd was started with (EXPORT_WEBHOOK_URLS).
create table exportq.webhook (
    url text primary key,
    is_gone boolean not null default false -- it answered 410
);

create table exportq.delivery (
    id uuid primary key default gen_random_uuid(),
    number bigint generated always as identity, -- in the order in which they were written
    url text not null,
    state text not null default 'PENDING',
    attempt integer not null default 0,
    is_leased boolean not null default false, -- until next_ms
    created_ms bigint not null,
    next_ms bigint not null, -- when it is due, while it is pending
    settled_ms bigint not null default 0,
    status integer not null default 0, -- of the last answer
    reason text not null default '', -- why the last attempt failed
    -- the job, as it ended
    job uuid not null,
    owner text not null,
    request_id text not null,
    type text not null,
    format text not null,
    job_state text not null,
    job_attempt integer not null,
    job_created_ms bigint not null,
    job_started_ms bigint not null,
    job_expires_ms bigint not null,
    error_code text not null,
    error_message text not null,
    file_name text not null,
    file_sha256 text not null,
    file_size bigint not null,
    file_rows bigint not null,
    check (state in ('PENDING', 'DELIVERED', 'GIVEN_UP'))
) with (autovacuum_vacuum_scale_factor = 0.01);

create index delivery_due on exportq.delivery (next_ms, number) where state = 'PENDING';
create index delivery_leased on exportq.delivery (url) where state = 'PENDING' and is_leased;
create index delivery_settled on exportq.delivery (settled_ms) where state <> 'PENDING';
create index delivery_of_job on exportq.delivery (job);
create index delivery_in_order on exportq.delivery (number);

create function exportq.write_deliveries() returns trigger language plpgsql as $$
begin
    insert into exportq.delivery (
        url, created_ms, next_ms, job, owner, request_id, type, format, job_state, job_attempt,
        job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
        file_name, file_sha256, file_size, file_rows)
    select told.url, new.completed_ms, new.completed_ms, new.id, new.owner,
           coalesce(new.request_id, ''), new.type, new.format, new.state, new.attempt,
           new.created_ms, new.started_ms, new.expires_ms, new.error_code, new.error_message,
           new.file_name, new.file_sha256, new.file_size, new.file_rows
    from (select new.spec ->> 'webhook_url' as url
          union select url from exportq.webhook where not is_gone) as told
    where told.url <> '';
    return null;
end
$$;
create trigger job_end_is_told after update of state on exportq.job for each row
    when (old.state in ('QUEUED', 'RUNNING') and new.state in ('COMPLETED', 'FAILED', 'CANCELLED'))
    execute function exportq.write_deliveries();

-- For people: select * from exportq.deliveries where state <> 'DELIVERED' order by created_at desc;
create view exportq.deliveries as
select id, job, owner, type, job_state, url, state, attempt, status, reason,
       to_timestamp(created_ms / 1000.0) as created_at,
       case when state = 'PENDING' then to_timestamp(next_ms / 1000.0) end as next_at,
       to_timestamp(nullif(settled_ms, 0) / 1000.0) as settled_at
from exportq.delivery;
