-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # How trades with a tag went, for SQLite: closed trades, by tag. A win is a PnL of 0 or more; a
-- # trade without a PnL counts among the trades, but is no win and no loss.
-- #
-- # Realized PnL is the double that the formula gives, taken to 15 significant decimal digits,
-- # then rounded to cents, halves away from zero: what PostgreSQL's round((…)::numeric, 2) does.
-- # SQLite has no numeric, so the 15 digits are an integer ("digits") with a power of ten
-- # ("exponent"), and money is counted in whole cents, which add up exactly. It is printed as a
-- # decimal, always with two digits, so that the text is the same from both databases.
-- # Amounts from 10^12 on are outside of that: where the fifteen digits are a tie, SQLite's printf
-- # goes up and PostgreSQL to the even digit; and from 9 * 10^16 on cents do not fit an integer.
-- # The average and the win rate are quotients of integers, rounded halves away from zero too.

-- title: Tag performance
-- column tagId text: Tag id
-- column label text: Tag
-- column trades integer: Trades
-- column wins integer: Wins
-- column losses integer: Losses
-- column winRate decimal: Win rate
-- column sumPnl decimal: Total PnL
-- column avgPnl decimal: Average PnL
WITH priced AS (
    SELECT t."id",
           (t."exitPrice" - t."entryPrice") * CASE t."direction" WHEN 'SHORT' THEN -1 ELSE 1 END
               * t."quantity"
               * CASE WHEN i."contractMultiplier" > 0 THEN i."contractMultiplier" ELSE 1 END
               - t."fees" AS "pnl"
    FROM "Trade" AS t
    LEFT JOIN "Instrument" AS i ON i."id" = t."instrumentId"
    WHERE t."userId" = :owner AND t."deletedAt" IS NULL
      AND t."status" = 'CLOSED' AND t."exitAt" IS NOT NULL
),
digits AS (
    SELECT *,
           CAST(replace(substr(printf('%.14e', abs("pnl")), 1, 16), '.', '') AS INTEGER)
               AS "digits",
           CAST(substr(printf('%.14e', abs("pnl")), 18) AS INTEGER) AS "exponent"
    FROM priced
),
scaled AS (
    SELECT *,
           CAST('1' || substr('000000000000000000', 1, abs(12 - "exponent")) AS INTEGER)
               AS "scale"
    FROM digits
),
rounded AS MATERIALIZED ( -- once per trade, not once per tag and use
    SELECT *,
           CASE WHEN "pnl" < 0 THEN -1 WHEN "pnl" >= 0 THEN 1 END
               * CASE WHEN "exponent" <= 12 THEN ("digits" + "scale" / 2) / "scale"
                      ELSE "digits" * "scale" END AS "cents"
    FROM scaled
),
tags AS (
    SELECT g."id" AS "tagId", g."label" AS "label", count(*) AS "trades",
           count(CASE WHEN r."cents" >= 0 THEN 1 END) AS "wins",
           count(CASE WHEN r."cents" < 0 THEN 1 END) AS "losses",
           sum(r."cents") AS "sum", count(r."cents") AS "count"
    FROM rounded AS r
    JOIN "TradeTagOnTrade" AS x ON x."tradeId" = r."id"
    JOIN "TradeTag" AS g ON g."id" = x."tagId"
    GROUP BY g."id", g."label"
),
averages AS (
    SELECT *,
           (20000 * "wins" + "trades") / (2 * "trades") AS "rate",
           CASE WHEN "sum" < 0 THEN -1 ELSE 1 END
               * ((2 * abs("sum") + "count") / (2 * "count")) AS "avg"
    FROM tags
)
SELECT "tagId", "label", "trades", "wins", "losses",
       printf('%d.%04d', "rate" / 10000, "rate" % 10000) AS "winRate",
       CASE WHEN "sum" IS NOT NULL THEN
           printf('%s%d.%02d', CASE WHEN "sum" < 0 THEN '-' ELSE '' END, abs("sum") / 100,
                  abs("sum") % 100)
       END AS "sumPnl",
       CASE WHEN "avg" IS NOT NULL THEN
           printf('%s%d.%02d', CASE WHEN "avg" < 0 THEN '-' ELSE '' END, abs("avg") / 100,
                  abs("avg") % 100)
       END AS "avgPnl"
FROM averages
ORDER BY "label", "tagId"
