-- SPDX-License-Identifier: Apache-2.0
--
-- As lock_owners.sql, for one. $1: the owner.
select pg_advisory_xact_lock(hashtextextended($1::text, 7401))
