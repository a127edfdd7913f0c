-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # The journal's trades, for PostgreSQL. Times are timestamps without zone that hold UTC. Labels and
-- # ids are sorted by their bytes.
-- #
-- # Realized PnL is the double that the formula gives, as numeric, which takes 15 significant
-- # decimal digits of it, then rounded to cents, halves away from zero.

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
SELECT t."id", t."instrumentId", t."direction", t."entryPrice", t."exitPrice", t."quantity",
       t."status", t."entryAt", t."exitAt", i."symbol", t."fees",
       round(((t."exitPrice" - t."entryPrice")
              * CASE t."direction" WHEN 'SHORT' THEN -1 ELSE 1 END
              * t."quantity"
              * CASE WHEN i."contractMultiplier" > 0 THEN i."contractMultiplier" ELSE 1 END
              - t."fees")::numeric, 2) AS "realizedPnl",
       (SELECT string_agg(g."label", ', ' ORDER BY g."label" COLLATE "C", g."id" COLLATE "C")
        FROM "TradeTagOnTrade" AS x JOIN "TradeTag" AS g ON g."id" = x."tagId"
        WHERE x."tradeId" = t."id") AS "tags",
       t."notes", t."reason", t."lesson"
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
          WHERE x."tradeId" = t."id" AND x."tagId" = ANY (:tagIds)))
ORDER BY t."entryAt" DESC, t."id" COLLATE "C"
