-- SPDX-License-Identifier: Apache-2.0
--
-- Jobs whose lease ran out, as fail.sql does it. $1: the time, or null; $2: how many; $3, $4: what
-- failed; $5: the delays; $6: retention; $7: the slot to count in; $8: how far a delay is spread;
-- $9: the lease: for so long after a start of the database nobody is lost, for nobody could renew.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), lost as materialized (
    select id from exportq.job
    where state = 'RUNNING' and lease_until_ms <= (select now from clock)
      and ($1 is not null or
           pg_postmaster_start_time() < clock_timestamp() - $9::bigint * interval '1 ms')
    order by lease_until_ms
    limit $2::integer
    for update skip locked
), again as (
    update exportq.job
    set state = 'QUEUED', is_retry = true,
        next_attempt_ms = clock.now + round(
            coalesce(($5::bigint[])[attempt], ($5::bigint[])[array_upper($5::bigint[], 1)])
                * (1 + $8::float8 * (2 * random() - 1)))::bigint,
        revision = revision + 1, error_code = $3, error_message = $4,
        phase = 0, rows_done = 0, rows_total = 0, total_kind = 0, bytes_written = 0
    from lost, clock
    where job.id = lost.id and attempt < max_attempts
    returning job.*
), failed as (
    update exportq.job
    set state = 'FAILED', next_attempt_ms = 0, completed_ms = clock.now,
        expires_ms = clock.now + $6::bigint,
        revision = revision + 1, error_code = $3, error_message = $4
    from lost, clock
    where job.id = lost.id and attempt >= max_attempts
    returning job.*
), counted as (
    update exportq.counter
    set failed = counter.failed + (select count(*) from failed),
        retried = retried + (select count(*) from again)
    where slot = $7::smallint and exists (select from failed union all select from again)
)
select * from again union all select * from failed
