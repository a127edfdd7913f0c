-- SPDX-License-Identifier: Apache-2.0
--
-- RUNNING → QUEUED because the worker ends: the attempt is not counted. $1: the time, or null;
-- $2 to $5: job, claim, attempt, worker.
update exportq.job
set state = 'QUEUED', attempt = attempt - 1, revision = revision + 1, is_retry = false,
    phase = 0, rows_done = 0, rows_total = 0, total_kind = 0, bytes_written = 0,
    next_attempt_ms =
        coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
where id = $2::uuid and claim = $3::bigint and attempt = $4::integer and worker = $5
  and (state = 'RUNNING') is true
returning *
