-- SPDX-License-Identifier: Apache-2.0
--
-- A delivery is due now, unless it is under way; what it then is, and whether this was an act. No row:
-- there is none. $1: the time, or null; $2: delivery; $3: owner of the job, or null; $4, $5: actor and
-- address.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), again as (
    update exportq.delivery
    set state = 'PENDING', is_leased = false, next_ms = clock.now, settled_ms = 0
    from clock
    where id = $2::uuid and ($3::text is null or owner = $3) and not (state = 'PENDING' and is_leased)
    returning delivery.*
), noted as (
    insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
    select clock.now, 'resend', $4::text, $5::text, job, owner, type from clock, again
), now as (
    select again.*, true as is_act from again
    union all
    select delivery.*, false from exportq.delivery
    where id = $2::uuid and ($3::text is null or owner = $3) and not exists (select from again)
)
select id, url, state, attempt, failures, created_ms, next_ms, settled_ms, status, reason,
       job, owner, request_id, type, format, job_state, job_attempt,
       job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
       file_name, file_sha256, file_size, file_rows, number, is_act
from now
