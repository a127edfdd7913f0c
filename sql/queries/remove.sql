-- SPDX-License-Identifier: Apache-2.0
--
-- A job that is active has to be cancelled first, so that its end is told.
delete from exportq.job where id = $1::uuid and state not in ('QUEUED', 'RUNNING') returning *
