-- RUNNING → COMPLETED. $1: the time, or null; $2 to $5: job, claim, attempt, worker; $6: retention;
-- $7…: the file, the progress, the report; $23: the slot to count in.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), done as (
    update exportq.job
    set state = 'COMPLETED', revision = revision + 1, completed_ms = clock.now,
        expires_ms = clock.now + $6::bigint, next_attempt_ms = 0,
        error_code = '', error_message = '',
        file_key = $7, file_name = $8, file_content_type = $9, file_sha256 = $10,
        file_size = $11::bigint, file_rows = $12::bigint,
        phase = greatest(phase, $13::smallint), rows_done = greatest(rows_done, $14::bigint),
        rows_total = $15::bigint, total_kind = $16::smallint,
        bytes_written = greatest(bytes_written, $17::bigint),
        cells_guarded = $18::bigint, non_finite = $19::bigint, text_replaced = $20::bigint,
        kept_as_text = $21::bigint, sheets = $22::integer
    from clock
    where id = $2::uuid and claim = $3::bigint and attempt = $4::integer and worker = $5
      and state = 'RUNNING'
    returning job.*
), counted as (
    update exportq.counter
    set processed = processed + 1, duration_ms = duration_ms + done.completed_ms - done.started_ms
    from done where slot = $23::smallint
)
select * from done
