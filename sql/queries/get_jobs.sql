-- SPDX-License-Identifier: Apache-2.0
--
-- Those of the jobs $1 that changed since their revisions $2.
select job.*
from unnest($1::uuid[], $2::bigint[]) as known(id, revision), lateral (
    select * from exportq.job where id = known.id and revision > known.revision
) as job
