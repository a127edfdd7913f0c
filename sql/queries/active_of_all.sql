-- SPDX-License-Identifier: Apache-2.0
--
-- The newest active jobs of all owners. $1: how many.
select * from exportq.job
where state in ('QUEUED', 'RUNNING')
order by id desc
limit $1::integer
