-- # SPDX-License-Identifier: Apache-2.0
-- #
-- # The journal's goals, for PostgreSQL. Ids are sorted by their bytes.

-- title: Goals
-- column id text: Goal
-- column type text: Type
-- column period text: Period
-- column targetValue number: Target
-- column currentValue number: Current
-- column startDate timestamp: Start
-- column endDate timestamp: End
-- column achievedAt timestamp: Achieved
-- column windowDays integer: Window in days
SELECT "id", "type", "period", "targetValue", "currentValue", "startDate", "endDate", "achievedAt",
       "windowDays"
FROM "Goal"
WHERE "userId" = :owner
ORDER BY "startDate", "id" COLLATE "C"
