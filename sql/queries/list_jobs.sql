-- SPDX-License-Identifier: Apache-2.0
--
-- Newest first. $1: owner, or null; $2: states; $3: type, or null; $4: request_id, or null; $5: only
-- jobs with ids below, or null; $6: how many. Planned anew each time: what is null falls away.
select * from exportq.job
where ($1::text is null or owner = $1)
  and ($2::text[] is null or state = any ($2))
  and ($3::text is null or type = $3)
  and ($4::text is null or request_id = $4)
  and ($5::uuid is null or id < $5)
order by id desc
limit $6::integer
