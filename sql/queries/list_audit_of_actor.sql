-- SPDX-License-Identifier: Apache-2.0
--
-- As list_audit.sql, of one actor. $8: the actor; looked for where it is the owner, and where it is not:
-- each has its index, in the order that is wanted.
select number, at_ms, action, actor, address, job, owner, type
from (
    select * from exportq.audit where owner = $8::text and actor = $8
    union all
    select * from exportq.audit where actor = $8 and actor <> owner
) as act
where ($1::bigint is null or number < $1)
  and ($2::text is null or owner = $2)
  and ($3::uuid is null or job = $3)
  and ($4::text[] is null or action = any ($4))
  and ($5::bigint is null or at_ms >= $5)
  and ($6::bigint is null or at_ms < $6)
order by number desc
limit $7::integer
