-- SPDX-License-Identifier: Apache-2.0
--
-- Entries of the audit, newest first. $1: only numbers below, or null; $2: owner, or null; $3: job, or
-- null; $4: actions, or null; $5: since, or null; $6: before that time, or null; $7: how many. Planned anew
-- each time: what is null falls away.
select number, at_ms, action, actor, address, job, owner, type from exportq.audit
where ($1::bigint is null or number < $1)
  and ($2::text is null or owner = $2)
  and ($3::uuid is null or job = $3)
  and ($4::text[] is null or action = any ($4))
  and ($5::bigint is null or at_ms >= $5)
  and ($6::bigint is null or at_ms < $6)
order by number desc
limit $7::integer
