-- SPDX-License-Identifier: Apache-2.0
--
-- The hand-over as it is now; the row is locked. $1: job; then its columns.
update exportq.job
set token_no = $2::bigint, download_lease = $3::bigint, download_lease_until_ms = $4::bigint,
    download_prefix = $5::bigint, download_sent = $6::bigint, download_spent_ms = $7::bigint,
    download_is_counting = $8::boolean, downloads_used = $9::integer
where id = $1::uuid
