-- SPDX-License-Identifier: Apache-2.0
--
-- Never backwards. $1 to $4: job, claim, attempt, worker; then phase, rows_done, rows_total,
-- total_kind, bytes_written.
update exportq.job
set revision = revision + 1,
    phase = greatest(phase, $5::smallint), rows_done = greatest(rows_done, $6::bigint),
    rows_total = $7::bigint, total_kind = $8::smallint,
    bytes_written = greatest(bytes_written, $9::bigint)
where id = $1::uuid and claim = $2::bigint and attempt = $3::integer and worker = $4
  and (state = 'RUNNING') is true
returning *
