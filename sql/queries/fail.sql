-- SPDX-License-Identifier: Apache-2.0
--
-- RUNNING → QUEUED for a retry if $8 (the error's class) allows it and attempts are left, else →
-- FAILED. $1: the time, or null; $2 to $5: job, claim, attempt, worker; $6, $7: what failed; $9: the
-- delay of each attempt, the first first, and the last for all later ones; $10: how far it is spread,
-- 0.1 by a tenth; $11: retention; $12: the slot to count in.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), again as (
    update exportq.job
    set state = 'QUEUED', is_retry = true,
        next_attempt_ms = clock.now + round(
            coalesce(($9::bigint[])[attempt], ($9::bigint[])[array_upper($9::bigint[], 1)])
                * (1 + $10::float8 * (2 * random() - 1)))::bigint,
        revision = revision + 1, error_code = $6, error_message = $7,
        phase = 0, rows_done = 0, rows_total = 0, total_kind = 0, bytes_written = 0
    from clock
    where id = $2::uuid and claim = $3::bigint and job.attempt = $4::integer and worker = $5
      and (state = 'RUNNING') is true
      and $8::boolean and attempt < max_attempts
    returning job.*
), failed as (
    update exportq.job
    set state = 'FAILED', next_attempt_ms = 0, completed_ms = clock.now,
        expires_ms = clock.now + $11::bigint,
        revision = revision + 1, error_code = $6, error_message = $7
    from clock
    where id = $2::uuid and claim = $3::bigint and job.attempt = $4::integer and worker = $5
      and (state = 'RUNNING') is true
      and not ($8::boolean and attempt < max_attempts)
    returning job.*
), counted as (
    update exportq.counter
    set failed = counter.failed + (select count(*) from failed),
        retried = retried + (select count(*) from again)
    where slot = $12::smallint and exists (select from failed union all select from again)
)
select * from again union all select * from failed
