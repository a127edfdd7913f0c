-- SPDX-License-Identifier: Apache-2.0
--
-- Nobody else changes the job until the transaction ends. $1: job.
select * from exportq.job where id = $1::uuid for update
