-- SPDX-License-Identifier: Apache-2.0
--
-- Gives due jobs to workers: owners with fewer running jobs first, then first in, first out.
-- $1: the time, or null; $2: how many; $3: how far to look for other owners' jobs; $4: no due job is
-- older (a hint: rows that are gone, but not yet vacuumed, need not be walked over); $5: the
-- lease's milliseconds; $6, $7: claim numbers and workers' names, as many as $2.
-- (Here and elsewhere "(…) is true" hides a state from the planner: a job with an id is to be found
-- by its id, and not by walking through a partial index, as a plan made on an empty table might.)
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), due as materialized (
    select id, owner, next_attempt_ms from exportq.job
    where state = 'QUEUED' and next_attempt_ms >= $4::bigint
      and next_attempt_ms <= (select now from clock)
    order by next_attempt_ms, id
    limit $3::integer
), busy as materialized (
    select owner, count(*) as running from exportq.job where state = 'RUNNING' group by owner
), line as materialized (
    select due.id, due.next_attempt_ms,
           coalesce(busy.running, 0)
               + row_number() over (partition by due.owner order by due.next_attempt_ms, due.id) as turn
    from due left join busy on busy.owner = due.owner
), chosen as materialized (
    select job.id
    from line join exportq.job on job.id = line.id
    where (job.state = 'QUEUED') is true
    order by line.turn, line.next_attempt_ms, line.id
    limit $2::integer
    for update of job skip locked
), numbered as materialized (
    select chosen.id, row_number() over () as n from chosen
)
update exportq.job
set state = 'RUNNING', attempt = attempt + 1, revision = revision + 1,
    started_ms = clock.now, is_retry = false,
    claim = ($6::bigint[])[numbered.n], worker = ($7::text[])[numbered.n],
    lease_until_ms = clock.now + $5::bigint,
    phase = 1, rows_done = 0, rows_total = 0, total_kind = 0, bytes_written = 0
from numbered, clock
where job.id = numbered.id
returning job.*, (select min(next_attempt_ms) from due) as oldest_ms -- that was due: a hint for $4
