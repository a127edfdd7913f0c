-- SPDX-License-Identifier: Apache-2.0
--
-- The rest of the transaction commits without waiting for the disk: a crash of the database may
-- undo it, and then it is done again.
select set_config('synchronous_commit', 'off', true)
