-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # What each day brought, for PostgreSQL: closed trades by the UTC day of their exit.
-- #
-- # Realized PnL is the double that the formula gives, as numeric, which takes 15 significant
-- # decimal digits of it, then rounded to cents, halves away from zero. Numeric adds up exactly.

-- title: Daily PnL
-- column date date: Day
-- column pnl decimal: Realized PnL
WITH priced AS (
    SELECT t."exitAt"::date AS "date",
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
SELECT "date", sum("pnl") AS "pnl"
FROM priced
GROUP BY "date"
ORDER BY "date"
