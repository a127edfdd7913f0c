/* SPDX-License-Identifier: Apache-2.0
 *
 * See demo_journal.h. Everything follows from one seed: no clock, no libc random numbers. Prices
 * are whole ticks and what a tick earns is whole cents, so that whoever computes PnL with decimals,
 * doubles or by hand comes to the same.
 */
#include "server/demo_journal.h"

#include "base/mem.h"
#include "server/demo_insert.h"

enum {
    ID_SIZE = 26,
    USER_TAGS = 12,
    MAX_TAGS_PER_TRADE = 3,
    DAYS = 660,
    MINUTE_MS = 60 * 1000,
    MAX_HOLD_MINUTES = 3 * 24 * 60,
    SEED = 20240102
};

#define FIRST_DAY_MS INT64_C(1704153600000) /* 2024-01-02 */
#define DAY_MS       INT64_C(86400000)
#define LAST_MS      (FIRST_DAY_MS + DAYS * DAY_MS)

static const struct {
    const char *name;
    const char *full_name;
    const char *role;
    int trades;
} users[] = {
    {DEMO_JOURNAL_OWNER, "Local Trader", "ADMIN", 12000},
    {"alice", "Alice O'Hara", "USER", 4500},
    {"bob", "Bob \"Bobby\" Müller", "USER", 2500},
    {"carol", NULL, "USER", 1000},
};

/* A price is a whole number of ticks; a tick is `tick` · 10^-decimals. */
static const struct instrument {
    const char *symbol;
    const char *name;
    const char *category;
    const char *currency;
    const char *multiplier; /* as SQL; NULL and 0 stand for 1 */
    int base;               /* the usual price, in ticks */
    int tick;
    int decimals;
    int lot; /* quantities are multiples of it, so that a tick earns whole cents */
    int max_lots;
    int fee_cents; /* per lot */
} instruments[] = {
    {"ES", "E-mini S&P 500", "Futures", "USD", "50", 20492, 25, 2, 1, 6, 224},
    {"NQ", "E-mini Nasdaq-100", "Futures", "USD", "20", 72938, 25, 2, 1, 4, 224},
    {"CL", "Crude Oil, Light Sweet", "Futures", "USD", "1000", 7812, 1, 2, 1, 5, 237},
    {"GC", "Gold \"100 oz\"", "Futures", "USD", "100", 20315, 1, 1, 1, 3, 237},
    {"FDAX", "DAX® Future", "Futures", "EUR", "25", 17850, 1, 0, 1, 2, 310},
    {"EURUSD", "Euro / US Dollar", "Forex", "USD", "100000", 108512, 1, 5, 1, 10, 350},
    {"GBPUSD", "British Pound / US Dollar", "Forex", "USD", "100000", 126745, 1, 5, 1, 8, 350},
    {"USDJPY", "US Dollar / Japanese Yen (円)", "Forex", "JPY", "1000", 148213, 1, 3, 1, 8, 350},
    {"BTCUSD", "Bitcoin", "Crypto", "USD", "NULL", 6412350, 1, 2, 1, 3, 900},
    {"ETHUSD", "Ether", "Crypto", "USD", "0", 321045, 1, 2, 1, 20, 120},
    {"ADAUSD", "Cardano", "Crypto", "USD", "NULL", 4537, 1, 4, 100, 50, 4},
    {"AAPL", "Apple Inc.", "Stock", "USD", "1", 18752, 1, 2, 10, 30, 5},
    {"MC.PA", "LVMH Moët Hennessy – Louis Vuitton", "Stock", "EUR", "NULL", 14468, 5, 2, 1, 40, 2},
};

static const char *const labels[] = {
    "Breakout",   "Pullback",  "Reversal", "Scalp",    "News, CPI", "FOMO",
    "A+ \"gem\"", "Überkauft", "=Rule 1",  "ギャップ", "Revenge 😤", "-1R stop",
};

static const char *const colors[] = {"#22c55e", "#ef4444", "#3b82f6", "#eab308", "#a855f7"};

static const char *const notes[] = {
    "Clean entry at the open.",
    "Waited for the retest, got it, sized up.",
    "Took \"the\" setup; should have held.",
    "Plan:\n1. enter at VWAP\n2. stop below low\n3. trail",
    "Zweite Chance genutzt – Übermut zügeln.",
    "Entrée à l'ouverture, sortie trop tôt…",
    "ロンドン時間のブレイクアウト",
    "Great fill 🚀📈, tired afterwards 😴",
    "=1+1",
    "@desk: see the chart",
    "-5 ticks of slippage",
    "+2R, textbook",
    "  leading and trailing blanks  ",
    "a;b\tc|d",
    "Windows\r\nline",
    "صفقة جيدة",
    "",
    "007",
    "C:\\charts\\2024\\es.png",
    "'quoted' like this",
};

static const char *const reasons[] = {
    "Trend day", "Range break", "Mean reversion", "Order flow, absorption", "Gap fill", "News fade",
};

static const char *const lessons[] = {
    "Let winners run",
    "Size down after two losses",
    "No trades in the first 5 minutes; wait",
    "Respect the \"stop\"",
    "Keine Nachkäufe",
};

static const char *const goal_types[] = {
    "TOTAL_PNL",    "TRADE_COUNT",        "WIN_RATE",        "PROFIT_FACTOR",      "EXPECTANCY",
    "AVG_LOSS_CAP", "DAILY_GREEN_STREAK", "ROLLING_30D_PNL", "ROLLING_WINDOW_PNL",
};

static const struct {
    const char *name;
    int days;
} periods[] = {{"MONTH", 30}, {"QUARTER", 91}, {"YEAR", 365}};

struct id {
    char text[ID_SIZE];
};

struct maker {
    struct insert insert;
    uint64_t random;
    uint64_t id_count;
    struct id instruments[COUNT_OF(instruments)];
    struct id tags[COUNT_OF(users)][USER_TAGS];
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(struct maker *maker)
{
    uint64_t z = maker->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 to count - 1. */
static int pick(struct maker *maker, size_t count)
{
    return (int)(next_random(maker) % count);
}

static bool has_luck(struct maker *maker, int percent)
{
    return pick(maker, 100) < percent;
}

/* Like the journal's cuids: a letter, a counter, then what nobody can tell. */
static struct id make_id(struct maker *maker)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { BASE = sizeof digits - 1, COUNTER_END = 6 };
    struct id id;
    uint64_t counter = ++maker->id_count;
    id.text[0] = 'c';
    for (int i = COUNTER_END - 1; i > 0; i--, counter /= BASE)
        id.text[i] = digits[counter % BASE];
    for (int i = COUNTER_END; i < ID_SIZE - 1; i++)
        id.text[i] = digits[pick(maker, BASE)];
    id.text[ID_SIZE - 1] = '\0';
    return id;
}

/* createdAt and updatedAt end most tables. */
static void add_times(struct insert *insert, int64_t created_ms, int64_t updated_ms)
{
    insert_time(insert, created_ms);
    insert_time(insert, updated_ms);
}

static void add_users(struct maker *maker)
{
    struct insert *insert = &maker->insert;
    insert_table(insert, "\"User\" (\"id\", \"email\", \"name\", \"role\", \"createdAt\", "
                         "\"updatedAt\")");
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        insert_row(insert);
        insert_text(insert, users[i].name);
        char email[64];
        (void)snprintf(email, sizeof email, "%s@example.org", users[i].name);
        insert_text(insert, email);
        insert_text(insert, users[i].full_name);
        insert_text(insert, users[i].role);
        add_times(insert, FIRST_DAY_MS, FIRST_DAY_MS);
    }
}

static void add_instruments(struct maker *maker)
{
    struct insert *insert = &maker->insert;
    insert_table(insert,
                 "\"Instrument\" (\"id\", \"symbol\", \"name\", \"category\", \"currency\", "
                 "\"tickSize\", \"contractMultiplier\", \"isActive\", \"createdAt\", "
                 "\"updatedAt\")");
    for (size_t i = 0; i < COUNT_OF(instruments); i++) {
        const struct instrument *instrument = &instruments[i];
        maker->instruments[i] = make_id(maker);
        insert_row(insert);
        insert_text(insert, maker->instruments[i].text);
        insert_text(insert, instrument->symbol);
        insert_text(insert, instrument->name);
        insert_text(insert, instrument->category);
        insert_text(insert, instrument->currency);
        insert_decimal(insert, instrument->tick, instrument->decimals);
        insert_sql(insert, instrument->multiplier);
        insert_sql(insert, i == COUNT_OF(instruments) - 1 ? "FALSE" : "TRUE");
        add_times(insert, FIRST_DAY_MS, FIRST_DAY_MS);
    }
}

static void add_tags(struct maker *maker)
{
    struct insert *insert = &maker->insert;
    insert_table(insert, "\"TradeTag\" (\"id\", \"label\", \"color\", \"userId\", \"createdAt\")");
    for (size_t user = 0; user < COUNT_OF(users); user++) {
        for (size_t i = 0; i < USER_TAGS; i++) {
            maker->tags[user][i] = make_id(maker);
            insert_row(insert);
            insert_text(insert, maker->tags[user][i].text);
            insert_text(insert, labels[i]);
            insert_text(insert, colors[i % COUNT_OF(colors)]);
            insert_text(insert, users[user].name);
            insert_time(insert, FIRST_DAY_MS);
        }
    }
}

/* What a trade's columns depend on each other for. */
struct trade {
    const char *status;
    int64_t entry_ms;
    int64_t exit_ms; /* -1: none */
    int64_t deleted_ms;
};

static struct trade make_trade(struct maker *maker, int64_t entry_ms)
{
    int64_t hold_ms = (int64_t)(1 + pick(maker, MAX_HOLD_MINUTES)) * MINUTE_MS + pick(maker, 1000);
    struct trade trade = {"CLOSED", entry_ms, entry_ms + hold_ms, -1};
    if (has_luck(maker, 2)) {
        trade.status = "CANCELLED";
    } else if (trade.exit_ms >= LAST_MS || has_luck(maker, 1)) {
        trade.status = "OPEN";
    }
    if (strcmp(trade.status, "CLOSED") != 0)
        trade.exit_ms = -1;
    if (has_luck(maker, 2))
        trade.deleted_ms = entry_ms + DAY_MS;
    return trade;
}

/* Prices move a little more for a trader than against him. */
static void add_prices(struct maker *maker, const struct instrument *instrument, bool has_exit)
{
    struct insert *insert = &maker->insert;
    int spread = instrument->base / 10;
    int64_t entry = instrument->base - spread + pick(maker, (size_t)spread * 2);
    int64_t move = pick(maker, (size_t)instrument->base / 100 + 1) - instrument->base / 210;
    insert_decimal(insert, entry * instrument->tick, instrument->decimals);
    if (has_exit) {
        insert_decimal(insert, (entry + move) * instrument->tick, instrument->decimals);
    } else {
        insert_sql(insert, "NULL");
    }
}

static const char *maybe(struct maker *maker, int percent, const char *const *texts, size_t count)
{
    return has_luck(maker, percent) ? texts[pick(maker, count)] : NULL;
}

static void add_trade(struct maker *maker, size_t user, int64_t entry_ms, struct id id)
{
    struct insert *insert = &maker->insert;
    size_t index = (size_t)pick(maker, COUNT_OF(instruments));
    const struct instrument *instrument = &instruments[index];
    struct trade trade = make_trade(maker, entry_ms);
    int lots = 1 + pick(maker, (size_t)instrument->max_lots);
    insert_row(insert);
    insert_text(insert, id.text);
    insert_text(insert, users[user].name);
    insert_text(insert, maker->instruments[index].text);
    insert_text(insert, has_luck(maker, 55) ? "LONG" : "SHORT");
    add_prices(maker, instrument, trade.exit_ms >= 0);
    insert_integer(insert, (int64_t)lots * instrument->lot);
    insert_sql(insert, has_luck(maker, 20) ? "10" : "NULL");
    insert_time(insert, trade.entry_ms);
    insert_time(insert, trade.exit_ms);
    insert_decimal(insert, (int64_t)lots * instrument->fee_cents, 2);
    insert_text(insert, maybe(maker, 40, notes, COUNT_OF(notes)));
    insert_text(insert, maybe(maker, 60, reasons, COUNT_OF(reasons)));
    insert_text(insert, maybe(maker, 25, lessons, COUNT_OF(lessons)));
    insert_text(insert, trade.status);
    int64_t updated_ms = trade.exit_ms >= 0 ? trade.exit_ms : trade.entry_ms;
    add_times(insert, trade.entry_ms, updated_ms);
    insert_time(insert, trade.deleted_ms);
}

/* Entries go forward in time; every fiftieth shares the time of the one before, as orders filled
 * at once do. */
static void add_trades(struct maker *maker, size_t user, struct id *ids)
{
    insert_table(&maker->insert,
                 "\"Trade\" (\"id\", \"userId\", \"instrumentId\", \"direction\", \"entryPrice\", "
                 "\"exitPrice\", \"quantity\", \"leverage\", \"entryAt\", \"exitAt\", \"fees\", "
                 "\"notes\", \"reason\", \"lesson\", \"status\", \"createdAt\", \"updatedAt\", "
                 "\"deletedAt\")");
    int count = users[user].trades;
    int64_t step_ms = DAYS * DAY_MS / count;
    int64_t entry_ms = FIRST_DAY_MS;
    for (int i = 0; i < count; i++) {
        if (i % 50)
            entry_ms = FIRST_DAY_MS + i * step_ms + pick(maker, (size_t)step_ms);
        ids[i] = make_id(maker);
        add_trade(maker, user, entry_ms, ids[i]);
    }
}

/* None to three tags, no tag twice: their distance is at most a third of all. */
static void add_tags_on_trades(struct maker *maker, size_t user, const struct id *ids)
{
    struct insert *insert = &maker->insert;
    insert_table(insert, "\"TradeTagOnTrade\" (\"tradeId\", \"tagId\")");
    for (int i = 0; i < users[user].trades; i++) {
        int count = pick(maker, MAX_TAGS_PER_TRADE + 1);
        int first = pick(maker, USER_TAGS);
        int stride = 1 + pick(maker, USER_TAGS / MAX_TAGS_PER_TRADE - 1);
        for (int k = 0; k < count; k++) {
            insert_row(insert);
            insert_text(insert, ids[i].text);
            insert_text(insert, maker->tags[user][(first + k * stride) % USER_TAGS].text);
        }
    }
}

static void add_goals(struct maker *maker)
{
    struct insert *insert = &maker->insert;
    insert_table(insert, "\"Goal\" (\"id\", \"userId\", \"type\", \"period\", \"targetValue\", "
                         "\"currentValue\", \"startDate\", \"endDate\", \"achievedAt\", "
                         "\"windowDays\", \"createdAt\", \"updatedAt\")");
    for (size_t i = 0; i < COUNT_OF(users) * COUNT_OF(goal_types) * COUNT_OF(periods); i++) {
        size_t type = i % COUNT_OF(goal_types);
        size_t period = i / COUNT_OF(goal_types) % COUNT_OF(periods);
        int64_t start_ms = FIRST_DAY_MS + (int64_t)pick(maker, 8) * 30 * DAY_MS;
        int64_t end_ms = start_ms + periods[period].days * DAY_MS - 1;
        bool is_window = type == COUNT_OF(goal_types) - 1;
        struct id id = make_id(maker);
        insert_row(insert);
        insert_text(insert, id.text);
        insert_text(insert, users[i / (COUNT_OF(goal_types) * COUNT_OF(periods))].name);
        insert_text(insert, goal_types[type]);
        insert_text(insert, periods[period].name);
        insert_decimal(insert, 100 + pick(maker, 100000), 2);
        insert_decimal(insert, pick(maker, 100000), 2);
        insert_time(insert, start_ms);
        insert_time(insert, end_ms);
        insert_time(insert, has_luck(maker, 30) ? end_ms - pick(maker, 20) * DAY_MS : -1);
        insert_sql(insert, is_window ? "45" : "NULL");
        add_times(insert, start_ms, start_ms);
    }
}

static void add_evaluations(struct maker *maker)
{
    static const char *const phases[] = {"PHASE1", "PHASE2", "FUNDED", "RESET"};
    static const char *const states[] = {"PASSED", "PASSED", "ACTIVE", "FAILED"};
    struct insert *insert = &maker->insert;
    insert_table(insert, "\"PropEvaluation\" (\"id\", \"userId\", \"firmName\", \"phase\", "
                         "\"accountSize\", \"profitTarget\", \"maxDailyLoss\", \"maxOverallLoss\", "
                         "\"minTradingDays\", \"startDate\", \"endDate\", \"status\", "
                         "\"cumulativeProfit\", \"peakEquity\", \"createdAt\", \"updatedAt\")");
    for (size_t i = 0; i < COUNT_OF(users) * COUNT_OF(phases); i++) {
        size_t phase = i % COUNT_OF(phases);
        int64_t start_ms = FIRST_DAY_MS + (int64_t)phase * 60 * DAY_MS;
        struct id id = make_id(maker);
        insert_row(insert);
        insert_text(insert, id.text);
        insert_text(insert, users[i / COUNT_OF(phases)].name);
        insert_text(insert, "Northlight Prop, Ltd.");
        insert_text(insert, phases[phase]);
        insert_sql(insert, "100000, 8000, 5000, 10000, 10");
        insert_time(insert, start_ms);
        insert_time(insert, strcmp(states[phase], "ACTIVE") == 0 ? -1 : start_ms + 30 * DAY_MS);
        insert_text(insert, states[phase]);
        insert_decimal(insert, pick(maker, 1000000), 2);
        insert_decimal(insert, 10000000 + pick(maker, 1000000), 2);
        add_times(insert, start_ms, start_ms);
    }
}

bool demo_journal_rows(struct sink *sink, struct err *err)
{
    struct maker maker = {.random = SEED};
    insert_init(&maker.insert, sink, err);
    add_users(&maker);
    add_instruments(&maker);
    add_tags(&maker);
    for (size_t user = 0; user < COUNT_OF(users); user++) {
        struct id *ids CLEANUP(mem_free_ptr) =
            mem_new_array((size_t)users[user].trades, sizeof *ids);
        add_trades(&maker, user, ids);
        add_tags_on_trades(&maker, user, ids);
    }
    add_goals(&maker);
    add_evaluations(&maker);
    return insert_finish(&maker.insert);
}
