-- SPDX-License-Identifier: Apache-2.0
--
-- The time by the database, in milliseconds since 1970.
select floor(extract(epoch from clock_timestamp()) * 1000)::bigint
