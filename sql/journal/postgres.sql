-- SPDX-License-Identifier: Apache-2.0
--
-- The trading journal's tables for PostgreSQL, as the journal has them: names in mixed case, times
-- as timestamp(3) without zone that hold UTC, enum types. Only what the exports and their demo
-- need: the journal itself owns its schema.

CREATE TYPE "UserRole" AS ENUM ('USER', 'ADMIN');
CREATE TYPE "TradeDirection" AS ENUM ('LONG', 'SHORT');
CREATE TYPE "TradeStatus" AS ENUM ('OPEN', 'CLOSED', 'CANCELLED');
CREATE TYPE "GoalType" AS ENUM (
    'TOTAL_PNL', 'TRADE_COUNT', 'WIN_RATE', 'PROFIT_FACTOR', 'EXPECTANCY', 'AVG_LOSS_CAP',
    'DAILY_GREEN_STREAK', 'ROLLING_30D_PNL', 'ROLLING_WINDOW_PNL');
CREATE TYPE "GoalPeriod" AS ENUM ('MONTH', 'QUARTER', 'YEAR');

CREATE TABLE "User" (
    "id" text NOT NULL PRIMARY KEY,
    "email" text NOT NULL UNIQUE,
    "name" text,
    "role" "UserRole" NOT NULL,
    "createdAt" timestamp(3) NOT NULL,
    "updatedAt" timestamp(3) NOT NULL
);

CREATE TABLE "Instrument" (
    "id" text NOT NULL PRIMARY KEY,
    "symbol" text NOT NULL UNIQUE,
    "name" text NOT NULL,
    "category" text NOT NULL,
    "currency" text NOT NULL,
    "tickSize" double precision NOT NULL,
    "contractMultiplier" double precision,
    "isActive" boolean NOT NULL,
    "createdAt" timestamp(3) NOT NULL,
    "updatedAt" timestamp(3) NOT NULL
);

CREATE TABLE "Trade" (
    "id" text NOT NULL PRIMARY KEY,
    "userId" text NOT NULL REFERENCES "User" ("id"),
    "instrumentId" text NOT NULL REFERENCES "Instrument" ("id"),
    "direction" "TradeDirection" NOT NULL,
    "entryPrice" double precision NOT NULL,
    "exitPrice" double precision,
    "quantity" integer NOT NULL,
    "leverage" double precision,
    "entryAt" timestamp(3) NOT NULL,
    "exitAt" timestamp(3),
    "fees" double precision NOT NULL DEFAULT 0,
    "notes" text,
    "reason" text,
    "lesson" text,
    "status" "TradeStatus" NOT NULL,
    "createdAt" timestamp(3) NOT NULL,
    "updatedAt" timestamp(3) NOT NULL,
    "deletedAt" timestamp(3)
);

CREATE TABLE "TradeTag" (
    "id" text NOT NULL PRIMARY KEY,
    "label" text NOT NULL,
    "color" text NOT NULL,
    "userId" text,
    "createdAt" timestamp(3) NOT NULL
);

CREATE TABLE "TradeTagOnTrade" (
    "tradeId" text NOT NULL REFERENCES "Trade" ("id"),
    "tagId" text NOT NULL REFERENCES "TradeTag" ("id"),
    PRIMARY KEY ("tradeId", "tagId")
);

CREATE TABLE "Goal" (
    "id" text NOT NULL PRIMARY KEY,
    "userId" text NOT NULL,
    "type" "GoalType" NOT NULL,
    "period" "GoalPeriod" NOT NULL,
    "targetValue" double precision NOT NULL,
    "currentValue" double precision NOT NULL DEFAULT 0,
    "startDate" timestamp(3) NOT NULL,
    "endDate" timestamp(3) NOT NULL,
    "achievedAt" timestamp(3),
    "windowDays" integer,
    "createdAt" timestamp(3) NOT NULL,
    "updatedAt" timestamp(3) NOT NULL
);

CREATE TABLE "PropEvaluation" (
    "id" text NOT NULL PRIMARY KEY,
    "userId" text NOT NULL,
    "firmName" text NOT NULL,
    "phase" text NOT NULL CHECK ("phase" IN ('PHASE1', 'PHASE2', 'FUNDED', 'RESET')),
    "accountSize" double precision NOT NULL,
    "profitTarget" double precision NOT NULL,
    "maxDailyLoss" double precision NOT NULL,
    "maxOverallLoss" double precision NOT NULL,
    "minTradingDays" integer NOT NULL,
    "startDate" timestamp(3) NOT NULL,
    "endDate" timestamp(3),
    "status" text NOT NULL CHECK ("status" IN ('ACTIVE', 'PASSED', 'FAILED', 'ARCHIVED')),
    "cumulativeProfit" double precision NOT NULL,
    "peakEquity" double precision NOT NULL,
    "createdAt" timestamp(3) NOT NULL,
    "updatedAt" timestamp(3) NOT NULL
);

CREATE INDEX "Trade_userId_instrumentId_entryAt" ON "Trade" ("userId", "instrumentId", "entryAt");
CREATE INDEX "Trade_userId_deletedAt" ON "Trade" ("userId", "deletedAt");
CREATE INDEX "Trade_userId_exitAt" ON "Trade" ("userId", "exitAt");
CREATE INDEX "Trade_userId_status_exitAt" ON "Trade" ("userId", "status", "exitAt");
CREATE INDEX "TradeTagOnTrade_tagId" ON "TradeTagOnTrade" ("tagId");
CREATE INDEX "TradeTagOnTrade_tradeId" ON "TradeTagOnTrade" ("tradeId");
CREATE INDEX "Goal_userId_period_endDate" ON "Goal" ("userId", "period", "endDate");
