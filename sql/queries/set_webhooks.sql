-- SPDX-License-Identifier: Apache-2.0
--
-- Who is told of ends, and what of that is new or over. One that is gone and stays in the list stays gone. $1: owners
-- of whose jobs each is told, empty: of all; $2: their URLs.
with told as materialized (
    select owner, url from unnest($1::text[], $2::text[]) as told (owner, url)
), removed as (
    delete from exportq.webhook
    where not exists (select from told where told.owner = webhook.owner and told.url = webhook.url)
    returning owner, url
), added as (
    insert into exportq.webhook (owner, url) select owner, url from told
    on conflict do nothing
    returning owner, url
)
select owner, url, true from added union all select owner, url, false from removed order by owner, url
