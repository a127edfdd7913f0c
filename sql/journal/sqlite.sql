-- SPDX-License-Identifier: Apache-2.0
--
-- The trading journal's tables for SQLite, as the demo has them. Times are text in UTC,
-- 'YYYY-MM-DD HH:MM:SS.mmm'; booleans are 0 and 1. Only what the exports and their demo need: the
-- journal itself owns its schema.

CREATE TABLE "User" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "email" TEXT NOT NULL UNIQUE,
    "name" TEXT,
    "role" TEXT NOT NULL CHECK ("role" IN ('USER', 'ADMIN')),
    "createdAt" TEXT NOT NULL,
    "updatedAt" TEXT NOT NULL
);

CREATE TABLE "Instrument" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "symbol" TEXT NOT NULL UNIQUE,
    "name" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "tickSize" REAL NOT NULL,
    "contractMultiplier" REAL,
    "isActive" BOOLEAN NOT NULL,
    "createdAt" TEXT NOT NULL,
    "updatedAt" TEXT NOT NULL
);

CREATE TABLE "Trade" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL REFERENCES "User" ("id"),
    "instrumentId" TEXT NOT NULL REFERENCES "Instrument" ("id"),
    "direction" TEXT NOT NULL CHECK ("direction" IN ('LONG', 'SHORT')),
    "entryPrice" REAL NOT NULL,
    "exitPrice" REAL,
    "quantity" INTEGER NOT NULL,
    "leverage" REAL,
    "entryAt" TEXT NOT NULL,
    "exitAt" TEXT,
    "fees" REAL NOT NULL DEFAULT 0,
    "notes" TEXT,
    "reason" TEXT,
    "lesson" TEXT,
    "status" TEXT NOT NULL CHECK ("status" IN ('OPEN', 'CLOSED', 'CANCELLED')),
    "createdAt" TEXT NOT NULL,
    "updatedAt" TEXT NOT NULL,
    "deletedAt" TEXT
);

CREATE TABLE "TradeTag" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "label" TEXT NOT NULL,
    "color" TEXT NOT NULL,
    "userId" TEXT,
    "createdAt" TEXT NOT NULL
);

CREATE TABLE "TradeTagOnTrade" (
    "tradeId" TEXT NOT NULL REFERENCES "Trade" ("id"),
    "tagId" TEXT NOT NULL REFERENCES "TradeTag" ("id"),
    PRIMARY KEY ("tradeId", "tagId")
);

CREATE TABLE "Goal" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "type" TEXT NOT NULL CHECK ("type" IN (
        'TOTAL_PNL', 'TRADE_COUNT', 'WIN_RATE', 'PROFIT_FACTOR', 'EXPECTANCY', 'AVG_LOSS_CAP',
        'DAILY_GREEN_STREAK', 'ROLLING_30D_PNL', 'ROLLING_WINDOW_PNL')),
    "period" TEXT NOT NULL CHECK ("period" IN ('MONTH', 'QUARTER', 'YEAR')),
    "targetValue" REAL NOT NULL,
    "currentValue" REAL NOT NULL DEFAULT 0,
    "startDate" TEXT NOT NULL,
    "endDate" TEXT NOT NULL,
    "achievedAt" TEXT,
    "windowDays" INTEGER,
    "createdAt" TEXT NOT NULL,
    "updatedAt" TEXT NOT NULL
);

CREATE TABLE "PropEvaluation" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "firmName" TEXT NOT NULL,
    "phase" TEXT NOT NULL CHECK ("phase" IN ('PHASE1', 'PHASE2', 'FUNDED', 'RESET')),
    "accountSize" REAL NOT NULL,
    "profitTarget" REAL NOT NULL,
    "maxDailyLoss" REAL NOT NULL,
    "maxOverallLoss" REAL NOT NULL,
    "minTradingDays" INTEGER NOT NULL,
    "startDate" TEXT NOT NULL,
    "endDate" TEXT,
    "status" TEXT NOT NULL CHECK ("status" IN ('ACTIVE', 'PASSED', 'FAILED', 'ARCHIVED')),
    "cumulativeProfit" REAL NOT NULL,
    "peakEquity" REAL NOT NULL,
    "createdAt" TEXT NOT NULL,
    "updatedAt" TEXT NOT NULL
);

CREATE INDEX "Trade_userId_instrumentId_entryAt" ON "Trade" ("userId", "instrumentId", "entryAt");
CREATE INDEX "Trade_userId_deletedAt" ON "Trade" ("userId", "deletedAt");
CREATE INDEX "Trade_userId_exitAt" ON "Trade" ("userId", "exitAt");
CREATE INDEX "Trade_userId_status_exitAt" ON "Trade" ("userId", "status", "exitAt");
CREATE INDEX "TradeTagOnTrade_tagId" ON "TradeTagOnTrade" ("tagId");
CREATE INDEX "TradeTagOnTrade_tradeId" ON "TradeTagOnTrade" ("tradeId");
CREATE INDEX "Goal_userId_period_endDate" ON "Goal" ("userId", "period", "endDate");
