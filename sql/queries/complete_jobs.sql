-- SPDX-License-Identifier: Apache-2.0
--
-- RUNNING → COMPLETED. $1: the time, or null; $2: tickets, files, progress and reports, a JSON array;
-- $3: retention; $4: the slot to count in.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), told as materialized (
    select * from json_to_recordset($2::json) as t(
        id uuid, claim bigint, attempt integer, worker text,
        file_key text, file_name text, file_content_type text, file_sha256 text,
        file_size bigint, file_rows bigint,
        phase smallint, rows_done bigint, rows_total bigint, total_kind smallint,
        bytes_written bigint,
        cells_guarded bigint, non_finite bigint, text_replaced bigint, kept_as_text bigint,
        sheets integer)
), done as (
    update exportq.job
    set state = 'COMPLETED', revision = revision + 1, completed_ms = clock.now,
        expires_ms = clock.now + $3::bigint, next_attempt_ms = 0,
        error_code = '', error_message = '',
        file_key = told.file_key, file_name = told.file_name,
        file_content_type = told.file_content_type, file_sha256 = told.file_sha256,
        file_size = told.file_size, file_rows = told.file_rows,
        phase = greatest(job.phase, told.phase), rows_done = greatest(job.rows_done, told.rows_done),
        rows_total = told.rows_total, total_kind = told.total_kind,
        bytes_written = greatest(job.bytes_written, told.bytes_written),
        cells_guarded = told.cells_guarded, non_finite = told.non_finite,
        text_replaced = told.text_replaced, kept_as_text = told.kept_as_text, sheets = told.sheets
    from told, clock
    where job.id = told.id and job.claim = told.claim and job.attempt = told.attempt
      and job.worker = told.worker and (job.state = 'RUNNING') is true
    returning job.*
), counted as (
    update exportq.counter
    set processed = processed + (select count(*) from done),
        duration_ms = duration_ms + (select sum(completed_ms - started_ms) from done)
    where slot = $4::smallint and exists (select from done)
)
select * from done
