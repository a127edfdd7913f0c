-- SPDX-License-Identifier: Apache-2.0
--
-- The hand-over as it is now; the row is locked. $1: job; then its columns. $10: what somebody did by
-- it, for the audit, or null: nothing; $11, $12: actor and address; $13: the time.
with saved as (
    update exportq.job
    set token_no = $2::bigint, download_lease = $3::bigint, download_lease_until_ms = $4::bigint,
        download_prefix = $5::bigint, download_sent = $6::bigint, download_spent_ms = $7::bigint,
        download_is_counting = $8::boolean, downloads_used = $9::integer
    where id = $1::uuid
    returning id, owner, type
)
insert into exportq.audit (at_ms, action, actor, address, job, owner, type)
select $13::bigint, $10::text, $11::text, $12::text, id, owner, type from saved
where $10::text is not null
