-- SPDX-License-Identifier: Apache-2.0
--
-- The audit: who did what with which job, written in the statement or transaction that did it.
-- Entries are only ever added; they outlive their jobs. How to archive old ones: docs/operating.md.

create table exportq.audit (
    number bigint generated always as identity primary key,
    at_ms bigint not null,
    action text not null,
    actor text not null, -- the owner that acted; empty: not known
    address text not null, -- empty: not known
    job uuid not null,
    owner text not null, -- the job's
    type text not null -- the job's
);

-- Mostly people act on jobs of their own, and are found by the job's owner; the last is for the rest.
create index audit_of_time on exportq.audit (at_ms);
create index audit_of_job on exportq.audit (job);
create index audit_of_owner on exportq.audit (owner, number);
create index audit_of_others on exportq.audit (actor, number) where actor <> owner;

create function exportq.refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise exception 'exportq.audit is append-only: % is refused', tg_op
        using errcode = 'insufficient_privilege',
              hint = 'docs/operating.md of exportq says how to archive old entries';
end
$$;
create trigger audit_is_append_only before update or delete or truncate on exportq.audit
    for each statement execute function exportq.refuse_audit_change();

-- For people: select * from exportq.audit_trail where owner = 'alice' order by number desc;
create view exportq.audit_trail as
select number, to_timestamp(at_ms / 1000.0) as at, action, actor, address, job, owner, type
from exportq.audit;
