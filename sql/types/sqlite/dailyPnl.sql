-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # What each day brought, for SQLite: closed trades by the UTC day of their exit.
-- #
-- # Realized PnL is the double that the formula gives, taken to 15 significant decimal digits,
-- # then rounded to cents, halves away from zero: what PostgreSQL's round((…)::numeric, 2) does.
-- # SQLite has no numeric, so the 15 digits are an integer ("digits") with a power of ten
-- # ("exponent"), and money is counted in whole cents, which add up exactly. It is printed as a
-- # decimal, always with two digits, so that the text is the same from both databases.
-- # Amounts from 10^12 on are outside of that: where the fifteen digits are a tie, SQLite's printf
-- # goes up and PostgreSQL to the even digit; and from 9 * 10^16 on cents do not fit an integer.

-- title: Daily PnL
-- column date date: Day
-- column pnl decimal: Realized PnL
WITH priced AS (
    SELECT substr(t."exitAt", 1, 10) AS "date",
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
rounded AS (
    SELECT *,
           CASE WHEN "pnl" < 0 THEN -1 WHEN "pnl" >= 0 THEN 1 END
               * CASE WHEN "exponent" <= 12 THEN ("digits" + "scale" / 2) / "scale"
                      ELSE "digits" * "scale" END AS "cents"
    FROM scaled
),
days AS (
    SELECT "date", sum("cents") AS "cents" FROM rounded GROUP BY "date"
)
SELECT "date",
       CASE WHEN "cents" IS NOT NULL THEN
           printf('%s%d.%02d', CASE WHEN "cents" < 0 THEN '-' ELSE '' END, abs("cents") / 100,
                  abs("cents") % 100)
       END AS "pnl"
FROM days
ORDER BY "date"
