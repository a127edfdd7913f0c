-- SPDX-License-Identifier: Apache-2.0
--
-- The active jobs of owners, a JSON array.
select job.*
from json_array_elements_text($1::json) as watched(owner), lateral (
    select * from exportq.job
    where owner = watched.owner and state in ('QUEUED', 'RUNNING')
) as job
