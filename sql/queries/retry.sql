-- SPDX-License-Identifier: Apache-2.0
--
-- FAILED or CANCELLED → QUEUED, as if new, unless its owner has all the active jobs it may have; the
-- owner is locked. $1: the time, or null; $2: job; $3: active jobs of an owner at most;
-- $4: attempts at most; $5: the revision it was read at; $6, $7: actor and address.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), done as (
    update exportq.job
    set state = 'QUEUED', attempt = 0, max_attempts = $4::integer, revision = revision + 1,
        next_attempt_ms = clock.now, is_retry = false, started_ms = 0, completed_ms = 0, expires_ms = 0,
        error_code = '', error_message = '',
        phase = 0, rows_done = 0, rows_total = 0, total_kind = 0, bytes_written = 0,
        cells_guarded = 0, non_finite = 0, text_replaced = 0, kept_as_text = 0, sheets = 0
    from clock
    where id = $2::uuid and state in ('FAILED', 'CANCELLED') and revision = $5::bigint
      and $3::integer > (select count(*) from exportq.job as other
                         where other.owner = job.owner and other.state in ('QUEUED', 'RUNNING'))
    returning job.*
), noted as (
    insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
    select clock.now, 'retry', $6::text, $7::text, done.id, done.owner, done.type from clock, done
)
select * from done
