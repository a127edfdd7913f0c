-- SPDX-License-Identifier: Apache-2.0
--
-- Those of the jobs $1 that are not there (any more).
select known.id
from unnest($1::uuid[]) as known(id)
where not exists (select from exportq.job where job.id = known.id)
