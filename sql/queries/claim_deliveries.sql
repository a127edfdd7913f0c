-- SPDX-License-Identifier: Apache-2.0
--
-- Leases due deliveries, the first due first, but to no URL and of no owner more than their share; what goes to a URL
-- that is told of all jobs counts for no owner. $1: the time, or null; $2: how many; $3: the lease's milliseconds;
-- $4, $5: how many a URL and an owner may have under way; $6, $7: those whose sender died are given up from this age
-- on, and why.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
), common as materialized (
    select url from exportq.webhook where owner = ''
), leased as materialized (
    select url, case when url not in (select url from common) then owner end as owner from exportq.delivery
    where state = 'PENDING' and is_leased and next_ms > (select now from clock)
), busy_url as materialized (
    select url, count(*) as under_way from leased group by url
), busy_owner as materialized (
    select owner, count(*) as under_way from leased where owner is not null group by owner
), due as materialized (
    select id, url, case when url not in (select url from common) then owner end as owner, next_ms, number
    from exportq.delivery
    where state = 'PENDING' and next_ms <= (select now from clock)
      and url not in (select url from busy_url where under_way >= $4::integer)
      and (url in (select url from common)
           or owner not in (select owner from busy_owner where under_way >= $5::integer))
    order by next_ms, number
    limit 16 * $2::integer
), line_of_url as materialized (
    select due.*, coalesce(busy_url.under_way, 0)
                      + row_number() over (partition by due.url order by due.next_ms, due.number) as turn
    from due left join busy_url on busy_url.url = due.url
), line_of_owner as materialized (
    select line_of_url.id, line_of_url.owner, next_ms, number,
           coalesce(busy_owner.under_way, 0)
               + row_number() over (partition by line_of_url.owner order by next_ms, number) as turn
    from line_of_url left join busy_owner on busy_owner.owner = line_of_url.owner
    where line_of_url.turn <= $4::integer
), chosen as materialized (
    select delivery.id,
           delivery.is_leased and delivery.created_ms <= (select now from clock) - $6::bigint as is_over
    from line_of_owner as line join exportq.delivery on delivery.id = line.id
    where (line.owner is null or line.turn <= $5::integer) and (delivery.state = 'PENDING') is true
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
    reason = case when is_over then $7::text else reason end,
    settled_ms = case when is_over then clock.now else 0 end
from chosen, clock
where delivery.id = chosen.id
returning delivery.id, url, state, attempt, failures, created_ms, next_ms, settled_ms, status, reason,
          job, owner, request_id, type, format, job_state, job_attempt,
          job_created_ms, job_started_ms, job_expires_ms, error_code, error_message,
          file_name, file_sha256, file_size, file_rows, delivery.number
