-- SPDX-License-Identifier: Apache-2.0
--
-- What a receiver did not take is counted apart from how often a delivery was claimed: what ends with its sender is no
-- failure of the receiver.
alter table exportq.delivery add column failures integer not null default 0;
update exportq.delivery set failures = attempt where state = 'PENDING' and attempt > 0;

create or replace view exportq.deliveries as
select id, job, owner, type, job_state, url, state, attempt, status, reason,
       to_timestamp(created_ms / 1000.0) as created_at,
       case when state = 'PENDING' then to_timestamp(next_ms / 1000.0) end as next_at,
       to_timestamp(nullif(settled_ms, 0) / 1000.0) as settled_at,
       failures
from exportq.delivery;
