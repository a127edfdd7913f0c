-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # The journal's trades, for SQLite. Times are kept as text in UTC, 'YYYY-MM-DD HH:MM:SS.mmm', so
-- # that comparing the text compares the times. Labels are sorted by their bytes.
-- #
-- # Realized PnL is the double that the formula gives, taken to 15 significant decimal digits,
-- # then rounded to cents, halves away from zero: what PostgreSQL's round((…)::numeric, 2) does.
-- # SQLite has no numeric, so the 15 digits are an integer ("digits") with a power of ten
-- # ("exponent"), and money is counted in whole cents, which add up exactly. It is printed as a
-- # decimal, always with two digits, so that the text is the same from both databases.
-- # Amounts from 10^12 on are outside of that: where the fifteen digits are a tie, SQLite's printf
-- # goes up and PostgreSQL to the even digit; and from 9 * 10^16 on cents do not fit an integer.

-- title: Trades
-- column id text: Trade
-- column instrumentId text: Instrument id
-- column direction text: Direction
-- column entryPrice number: Entry price
-- column exitPrice number: Exit price
-- column quantity integer: Quantity
-- column status text: Status
-- column entryAt timestamp: Entry time
-- column exitAt timestamp: Exit time
-- column symbol text: Instrument
-- column fees number: Fees
-- column realizedPnl decimal: Realized PnL
-- column tags text: Tags
-- column notes text: Notes
-- column reason text: Reason
-- column lesson text: Lesson
-- not default: symbol, fees, realizedPnl, tags, notes, reason, lesson
-- filter dateFrom timestamp: Entered at or after this time
-- filter dateTo timestamp: Entered at or before this time; a date means the whole day
-- filter tagIds text[]: With any of these tags, by their ids
-- filter instrumentId text: In this instrument, by its id
-- filter status enum(OPEN, CLOSED, CANCELLED): In this state
-- filter direction enum(LONG, SHORT): In this direction
WITH priced AS (
    SELECT t.*, i."symbol",
           (t."exitPrice" - t."entryPrice") * CASE t."direction" WHEN 'SHORT' THEN -1 ELSE 1 END
               * t."quantity"
               * CASE WHEN i."contractMultiplier" > 0 THEN i."contractMultiplier" ELSE 1 END
               - t."fees" AS "pnl"
    FROM "Trade" AS t
    LEFT JOIN "Instrument" AS i ON i."id" = t."instrumentId"
    WHERE t."userId" = :owner
      AND t."deletedAt" IS NULL
      AND (:dateFrom IS NULL OR t."entryAt" >= :dateFrom)
      AND (:dateTo_end IS NULL OR t."entryAt" < :dateTo_end)
      AND (:instrumentId IS NULL OR t."instrumentId" = :instrumentId)
      AND (:status IS NULL OR t."status" = :status)
      AND (:direction IS NULL OR t."direction" = :direction)
      AND (:tagIds IS NULL OR EXISTS (
              SELECT 1 FROM "TradeTagOnTrade" AS x
              WHERE x."tradeId" = t."id" AND x."tagId" IN (SELECT value FROM json_each(:tagIds))))
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
)
SELECT "id", "instrumentId", "direction", "entryPrice", "exitPrice", "quantity", "status",
       "entryAt", "exitAt", "symbol", "fees",
       CASE WHEN "cents" IS NOT NULL THEN
           printf('%s%d.%02d', CASE WHEN "cents" < 0 THEN '-' ELSE '' END, abs("cents") / 100,
                  abs("cents") % 100)
       END AS "realizedPnl",
       (SELECT group_concat("label", ', ') FROM (
            SELECT g."label" FROM "TradeTagOnTrade" AS x JOIN "TradeTag" AS g ON g."id" = x."tagId"
            WHERE x."tradeId" = rounded."id" ORDER BY g."label", g."id")) AS "tags",
       "notes", "reason", "lesson"
FROM rounded
ORDER BY "entryAt" DESC, "id"
