-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # How trades with a tag went, for PostgreSQL: closed trades, by tag. A win is a PnL of 0 or more; a
-- # trade without a PnL counts among the trades, but is no win and no loss.
-- #
-- # Realized PnL is the double that the formula gives, as numeric, which takes 15 significant
-- # decimal digits of it, then rounded to cents, halves away from zero. Numeric adds up exactly.
-- # The average and the win rate are rounded from quotients with at least 16 digits. Labels and ids
-- # are sorted by their bytes.

-- title: Tag performance
-- column tagId text: Tag id
-- column label text: Tag
-- column trades integer: Trades
-- column wins integer: Wins
-- column losses integer: Losses
-- column winRate decimal: Win rate
-- column sumPnl decimal: Total PnL
-- column avgPnl decimal: Average PnL
WITH priced AS MATERIALIZED ( -- once per trade, not once per tag and use
    SELECT t."id",
           round(((t."exitPrice" - t."entryPrice")
                  * CASE t."direction" WHEN 'SHORT' THEN -1 ELSE 1 END
                  * t."quantity"
                  * CASE WHEN i."contractMultiplier" > 0 THEN i."contractMultiplier" ELSE 1 END
                  - t."fees")::numeric, 2) AS "pnl"
    FROM "Trade" AS t
    LEFT JOIN "Instrument" AS i ON i."id" = t."instrumentId"
    WHERE t."userId" = :owner AND t."deletedAt" IS NULL
      AND t."status" = 'CLOSED' AND t."exitAt" IS NOT NULL
)
SELECT g."id" AS "tagId", g."label", count(*)::integer AS "trades",
       count(*) FILTER (WHERE p."pnl" >= 0)::integer AS "wins",
       count(*) FILTER (WHERE p."pnl" < 0)::integer AS "losses",
       round(count(*) FILTER (WHERE p."pnl" >= 0)::numeric / count(*), 4) AS "winRate",
       sum(p."pnl") AS "sumPnl", round(avg(p."pnl"), 2) AS "avgPnl"
FROM priced AS p
JOIN "TradeTagOnTrade" AS x ON x."tradeId" = p."id"
JOIN "TradeTag" AS g ON g."id" = x."tagId"
GROUP BY g."id", g."label"
ORDER BY g."label" COLLATE "C", g."id" COLLATE "C"
