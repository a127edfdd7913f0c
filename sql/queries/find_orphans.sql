-- SPDX-License-Identifier: Apache-2.0
--
-- The places of files that no job has, nor will have: its job is gone, or has another file and does
-- not run the attempt that made it. $1 to $3: jobs, attempts, keys. (A look at each job by its id;
-- a join with nobody knows how many rows could be planned as a walk through the table.)
select file.n
from unnest($1::uuid[], $2::integer[], $3::text[]) with ordinality as file(id, attempt, key, n)
where (
    select job.file_key = file.key or (job.state = 'RUNNING' and job.attempt = file.attempt)
    from exportq.job as job where job.id = file.id
) is not true
