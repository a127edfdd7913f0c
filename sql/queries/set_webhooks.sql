-- SPDX-License-Identifier: Apache-2.0
--
-- Who is told of the ends of all jobs. $1: their URLs.
with gone as (
    delete from exportq.webhook where url <> all ($1::text[])
)
insert into exportq.webhook (url) select unnest($1::text[])
on conflict (url) do update set is_gone = false
