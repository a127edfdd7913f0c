-- SPDX-License-Identifier: Apache-2.0
--
-- COMPLETED → EXPIRED: the file is gone. $1: the time, or null; $2: job; $3: retention.
with clock as materialized (
    select coalesce($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) as now
)
update exportq.job
set state = 'EXPIRED', revision = revision + 1, expires_ms = clock.now + $3::bigint, file_key = ''
from clock
where id = $2::uuid and (state = 'COMPLETED') is true
returning job.*
