-- SPDX-License-Identifier: Apache-2.0
--
-- What a receiver did not take is counted apart from how often a delivery was claimed: what ends with its sender is no
-- failure of the receiver.
alter table exportq.delivery add column failures integer not null default 0;
update exportq.delivery set failures = attempt where state = 'PENDING' and attempt > 0;

create or replace view exportq.deliveries as
select id, job, owner, type, job_state, url, state, attempt, status, reason,
       to_timestamp(created_ms / 1000.0) as created_at,
       case when state = 'PENDING' then to_timestamp(next_ms / 1000.0) end as next_at,
       to_timestamp(nullif(settled_ms, 0) / 1000.0) as settled_at,
       failures
from exportq.delivery;

-- Who is told may be told of one owner's jobs alone. (The key was the URL.)
alter table exportq.webhook
    add column owner text not null default '', -- empty: of all
    drop constraint webhook_pkey,
    add primary key (owner, url);

create or replace function exportq.write_deliveries() returns trigger language plpgsql as $$
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
          union select url from exportq.webhook where owner in ('', new.owner) and not is_gone) as told
    where told.url <> '';
    return null;
end
$$;
