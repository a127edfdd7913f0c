-- SPDX-License-Identifier: Apache-2.0
--
-- Lets one transaction at a time create jobs of an owner, until it ends. In order, so that two
-- batches never wait for each other in a circle. $1: the owners, a JSON array.
select pg_advisory_xact_lock(key)
from (select distinct hashtextextended(owner, 7401) as key
      from json_array_elements_text($1::json) as owner order by 1) as keys
