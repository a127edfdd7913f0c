-- SPDX-License-Identifier: Apache-2.0
--
-- $1: job.
select * from exportq.job where id = $1::uuid
