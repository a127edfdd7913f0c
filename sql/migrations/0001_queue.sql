-- SPDX-License-Identifier: Apache-2.0
--
-- The queue. Times are milliseconds since 1970 by the database's clock; the view exportq.jobs shows
-- them as times. Who may write what is decided in queue/store_pg*.c; design in ARCHITECTURE.md.

create table exportq.job (
    id uuid primary key,
    owner text not null,
    request_id text,
    type text not null,
    format text not null,
    spec json not null, -- what was asked for, beyond type and format
    state text not null default 'QUEUED',
    attempt integer not null default 0,
    max_attempts integer not null,
    revision bigint not null default 1, -- rises with every change
    created_ms bigint not null,
    started_ms bigint not null default 0,
    completed_ms bigint not null default 0,
    next_attempt_ms bigint not null, -- when it is due, while it is queued
    is_retry boolean not null default false, -- it is queued after a failure
    expires_ms bigint not null default 0,
    -- whose it is while it runs
    claim bigint not null default 0,
    worker text not null default '',
    lease_until_ms bigint not null default 0,
    -- progress
    phase smallint not null default 0,
    rows_done bigint not null default 0,
    rows_total bigint not null default 0,
    total_kind smallint not null default 0,
    bytes_written bigint not null default 0,
    -- why the last attempt failed
    error_code text not null default '',
    error_message text not null default '',
    -- the file and its fidelity report
    file_key text not null default '',
    file_name text not null default '',
    file_content_type text not null default '',
    file_sha256 text not null default '',
    file_size bigint not null default 0,
    file_rows bigint not null default 0,
    cells_guarded bigint not null default 0,
    non_finite bigint not null default 0,
    text_replaced bigint not null default 0,
    kept_as_text bigint not null default 0,
    sheets integer not null default 0,
    -- the hand-over of the file
    token_no bigint not null default 0,
    download_lease bigint not null default 0,
    download_lease_until_ms bigint not null default 0,
    download_prefix bigint not null default 0,
    download_sent bigint not null default 0,
    download_spent_ms bigint not null default 0,
    download_is_counting boolean not null default false,
    downloads_used integer not null default 0,
    check (state in ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED'))
) with (
    fillfactor = 80, -- room for progress, which touches no index
    autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0.02
);

-- Each query of the queue uses one of these; each holds no more than it needs.
create index job_due on exportq.job (next_attempt_ms, id) where state = 'QUEUED';
create index job_active on exportq.job (owner) where state in ('QUEUED', 'RUNNING');
create index job_lease on exportq.job (lease_until_ms) where state = 'RUNNING';
create index job_of_owner on exportq.job (owner, id desc);
create unique index job_request on exportq.job (owner, request_id) where request_id is not null;
create index job_retention on exportq.job (expires_ms) where state = 'COMPLETED';
create index job_pruning on exportq.job (expires_ms) where state in ('FAILED', 'CANCELLED', 'EXPIRED');

-- Which queue this is: its files are marked with it.
create table exportq.queue (id uuid primary key);
insert into exportq.queue select gen_random_uuid();

-- What happened so far, in slots so that those who settle do not wait for each other; their sum counts.
create table exportq.counter (
    slot smallint primary key,
    processed bigint not null default 0,
    failed bigint not null default 0,
    retried bigint not null default 0,
    cancelled bigint not null default 0,
    duration_ms bigint not null default 0 -- of all that were processed
) with (fillfactor = 50);
insert into exportq.counter (slot) select generate_series(0, 63);

-- For people: select * from exportq.jobs where state = 'RUNNING';
create view exportq.jobs as
select id, owner, type, format, state, attempt, max_attempts, worker, rows_done, rows_total,
       error_code, error_message, file_name, file_size,
       to_timestamp(created_ms / 1000.0) as created_at,
       to_timestamp(nullif(started_ms, 0) / 1000.0) as started_at,
       to_timestamp(nullif(completed_ms, 0) / 1000.0) as completed_at,
       to_timestamp(nullif(expires_ms, 0) / 1000.0) as expires_at
from exportq.job;
