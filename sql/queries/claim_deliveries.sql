-- SPDX-License-Identifier: Apache-2.0
--
-- Leases due deliveries, the first due first, but to no URL more than its share. $1: the time, or
-- null; $2: how many; $3: the lease's milliseconds; $4: how many a URL may have under way; $5, $6: those
-- whose sender died are given up from this age on, and why.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), busy as materialized (
    select url, count(*) as under_way from exportq.delivery
    where state = 'PENDING' and is_leased and next_ms > (select now from clock)
    group by url
), due as materialized (
    select id, url, next_ms, number from exportq.delivery
    where state = 'PENDING' and next_ms <= (select now from clock)
      and url not in (select url from busy where under_way >= $4::integer)
    order by next_ms, number
    limit 16 * $2::integer
), line as materialized (
    select due.id, due.next_ms, due.number,
           coalesce(busy.under_way, 0)
               + row_number() over (partition by due.url order by due.next_ms, due.number) as turn
    from due left join busy on busy.url = due.url
), chosen as materialized (
    select delivery.id,
           delivery.is_leased and delivery.created_ms <= (select now from clock) - $5::bigint as is_over
    from line join exportq.delivery on delivery.id = line.id
    where line.turn <= $4::integer and (delivery.state = 'PENDING') is true
      and delivery.next_ms <= (select now from clock)
    order by line.next_ms, line.number
    limit $2::integer
    for update of delivery skip locked
)
update exportq.delivery
set attempt = attempt + (not is_over)::integer,
    is_leased = not is_over,
    next_ms = clock.now + $3::bigint,
    state = case when is_over then 'GIVEN_UP' else state end,
    reason = case when is_over then $6::text else reason end,
    settled_ms = case when is_over then clock.now else 0 end
from chosen, clock
where delivery.id = chosen.id
returning delivery.id, url, state, attempt, failures, created_ms, next_ms, settled_ms, status, reason,
          job, owner, request_id, type, format, job_state, job_attempt,
          job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
          file_name, file_sha256, file_size, file_rows, delivery.number
