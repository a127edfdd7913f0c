/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo journal, and the four built-in types over it: what they give is computed here once more
 * from the tables, row by row, with decimals kept as text's integers instead of SQL.
 */
#include "server/demo_journal.h"

#include "base/mem.h"
#include "export/catalog.h"
#include "tests/unit/export_source_kit.h"

#include <math.h>
#include <sqlite3.h>
#include <sys/wait.h>

struct journal {
    struct kit kit;
    struct catalog *catalog;
    sqlite3 *db;
};

static void journal_open(struct journal *journal)
{
    struct kit *kit = &journal->kit;
    kit_open(kit, NULL);
    kit_must(demo_journal_write(kit->path, &kit->err), &kit->err);
    kit_open_source(kit, kit->path);
    const char *root = getenv("EXPORTQ_SOURCE_DIR"); // NOLINT(concurrency-mt-unsafe)
    const char *types = arena_printf(&kit->arena, "%s/sql/types/sqlite", root ? root : ".").ptr;
    kit_must(catalog_load(types, kit->source, &journal->catalog, &kit->err), &kit->err);
    assert_int_equal(sqlite3_open_v2(kit->path, &journal->db, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
}

static void journal_close(struct journal *journal)
{
    assert_int_equal(sqlite3_close(journal->db), SQLITE_OK);
    catalog_free(journal->catalog);
    kit_close(&journal->kit);
}

/* To read. */
static struct journal demo;

static int open_journal(void **state)
{
    (void)state;
    journal_open(&demo);
    return 0;
}

static int close_journal(void **state)
{
    (void)state;
    journal_close(&demo);
    return 0;
}

static int64_t ask(struct journal *journal, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(journal->db));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    return value;
}

static const struct export_type *type_of(const struct journal *journal, const char *name)
{
    const struct export_type *type = catalog_find(journal->catalog, str_of(name));
    assert_non_null(type);
    return type;
}

/* Runs a type and gives its print. */
static struct str run(struct journal *journal, const char *name, const struct kit_filter *filters,
                      struct buf *out)
{
    struct source_query query = kit_query(&journal->kit, type_of(journal, name), filters);
    int64_t count = 0;
    kit_must(kit_try_run(&journal->kit, &query, out, &count, NULL), &journal->kit.err);
    return buf_str(out);
}

static void the_journal_is_believable_and_always_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t least;
        int64_t most;
    } facts[] = {
        {"SELECT count(*) FROM \"Trade\"", 20000, 20000},
        {"SELECT count(*) FROM \"User\"", 4, 4},
        {"SELECT count(*) FROM \"Trade\" WHERE \"userId\" = 'local'", 12000, 12000},
        {"SELECT count(DISTINCT \"category\") FROM \"Instrument\"", 4, 4},
        {"SELECT count(*) FROM \"Instrument\" WHERE \"isActive\" = 0", 1, 1},
        {"SELECT count(*) FROM \"Trade\" WHERE \"deletedAt\" IS NOT NULL", 200, 800},
        {"SELECT count(*) FROM \"Trade\" WHERE \"status\" = 'OPEN'", 100, 800},
        {"SELECT count(*) FROM \"Trade\" WHERE \"status\" = 'CANCELLED'", 200, 800},
        {"SELECT count(*) FROM \"Trade\" WHERE (\"status\" = 'CLOSED') <> (\"exitAt\" NOTNULL)", 0,
         0},
        {"SELECT count(*) FROM \"Trade\" WHERE (\"exitAt\" ISNULL) <> (\"exitPrice\" ISNULL)", 0,
         0},
        {"SELECT count(*) FROM \"Trade\" WHERE \"entryPrice\" <= 0 OR \"quantity\" <= 0", 0, 0},
        {"SELECT count(*) FROM \"Trade\" WHERE \"notes\" LIKE '=%'", 100, 2000},
        {"SELECT count(*) FROM \"Trade\" WHERE \"notes\" = ''", 100, 2000},
        {"SELECT count(*) FROM \"Trade\" WHERE instr(\"notes\", char(10))", 100, 2000},
        {"SELECT count(*) - count(DISTINCT \"entryAt\") FROM \"Trade\"", 100, 2000},
        {"SELECT count(DISTINCT \"type\") FROM \"Goal\" WHERE \"userId\" = 'local'", 9, 9},
        {"SELECT count(*) FROM pragma_foreign_key_check", 0, 0},
        {"SELECT sum(quantity) FROM \"Trade\"", 4326709, 4326709}, /* the same on every machine */
    };
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        int64_t value = ask(&demo, facts[i].sql);
        if (value < facts[i].least || value > facts[i].most)
            fail_msg("%s: %lld", facts[i].sql, (long long)value);
    }
}

static void what_a_killed_start_left_is_removed_by_the_next(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    assert_int_equal(waitpid(dead, NULL, 0), dead);
    const char *left = arena_printf(&kit.arena, "%s.part-%d", kit.path, (int)dead).ptr;
    const char *others = arena_printf(&kit.arena, "%s.part-%d", kit.path, (int)getppid()).ptr;
    const char *mine = arena_printf(&kit.arena, "%s.part-mine", kit.path).ptr;
    const char *const paths[] = {left, others, mine};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        FILE *file = fopen(paths[i], "we");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
    }
    kit_must(demo_journal_write(kit.path, &kit.err), &kit.err);
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(unlink(others), 0); /* still being written, for all we know */
    assert_int_equal(unlink(mine), 0);
    kit_close(&kit);
}

/* Whole cents of PnL by plain double arithmetic: good for the demo's whole-cent trades. */
static int64_t cents_of(sqlite3_stmt *statement, int first)
{
    double move =
        sqlite3_column_double(statement, first) - sqlite3_column_double(statement, first + 1);
    double sign = strcmp((const char *)sqlite3_column_text(statement, first + 2), "LONG") ? -1 : 1;
    double multiplier = sqlite3_column_double(statement, first + 4);
    double pnl = move * sign * sqlite3_column_double(statement, first + 3) *
                     (multiplier > 0 ? multiplier : 1) -
                 sqlite3_column_double(statement, first + 5);
    return llround(pnl * 100);
}

#define PNL_COLUMNS                                                        \
    "t.\"exitPrice\", t.\"entryPrice\", t.\"direction\", t.\"quantity\", " \
    "i.\"contractMultiplier\", t.\"fees\""

static void add_money(struct buf *out, int64_t cents)
{
    int64_t size = cents < 0 ? -cents : cents;
    buf_printf(out, "%s%lld.%02lldm", cents < 0 ? "-" : "", (long long)(size / 100),
               (long long)(size % 100));
}

/* a / b, halves away from zero. */
static int64_t divide(int64_t a, int64_t b)
{
    int64_t size = (2 * (a < 0 ? -a : a) + b) / (2 * b);
    return a < 0 ? -size : size;
}

static void daily_pnl_adds_up_to_the_cent(void **state)
{
    (void)state;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(demo.db,
                           "SELECT substr(t.\"exitAt\", 1, 10), " PNL_COLUMNS
                           " FROM \"Trade\" t JOIN \"Instrument\" i ON i.\"id\" = "
                           "t.\"instrumentId\" WHERE t.\"userId\" = 'local' AND t.\"status\" = "
                           "'CLOSED' AND t.\"deletedAt\" IS NULL ORDER BY 1",
                           -1, &statement, NULL),
        SQLITE_OK);
    struct buf want CLEANUP(buf_done);
    struct buf got CLEANUP(buf_done);
    buf_init(&want, KIT_MAX_BYTES);
    buf_init(&got, KIT_MAX_BYTES);
    char day[11] = "";
    int64_t sum = 0;
    bool has_row = true;
    while (has_row) {
        has_row = sqlite3_step(statement) == SQLITE_ROW;
        const char *next = has_row ? (const char *)sqlite3_column_text(statement, 0) : "";
        if (strcmp(day, next) != 0 && day[0]) {
            buf_printf(&want, "D%s ", day);
            add_money(&want, sum);
            buf_add_char(&want, '\n');
            sum = 0;
        }
        (void)snprintf(day, sizeof day, "%s", next);
        sum += has_row ? cents_of(statement, 1) : 0;
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    (void)run(&demo, "dailyPnl", NULL, &got);
    assert_string_equal(got.ptr, want.ptr);
    assert_true(want.len > 10000);
}

static void tag_performance_counts_wins_and_averages(void **state)
{
    (void)state;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(demo.db,
                           "SELECT g.\"id\", g.\"label\", " PNL_COLUMNS
                           " FROM \"Trade\" t JOIN \"Instrument\" i ON i.\"id\" = "
                           "t.\"instrumentId\" JOIN \"TradeTagOnTrade\" x ON x.\"tradeId\" = "
                           "t.\"id\" JOIN \"TradeTag\" g ON g.\"id\" = x.\"tagId\" "
                           "WHERE t.\"userId\" = 'local' AND t.\"status\" = 'CLOSED' AND "
                           "t.\"deletedAt\" IS NULL ORDER BY g.\"label\", g.\"id\"",
                           -1, &statement, NULL),
        SQLITE_OK);
    struct buf want CLEANUP(buf_done);
    struct buf got CLEANUP(buf_done);
    buf_init(&want, KIT_MAX_BYTES);
    buf_init(&got, KIT_MAX_BYTES);
    char tag[32] = "";
    char label[64] = "";
    int64_t trades = 0;
    int64_t wins = 0;
    int64_t sum = 0;
    bool has_row = true;
    while (has_row) {
        has_row = sqlite3_step(statement) == SQLITE_ROW;
        const char *next = has_row ? (const char *)sqlite3_column_text(statement, 0) : "";
        if (strcmp(tag, next) != 0) {
            if (tag[0]) {
                int64_t rate = divide(wins * 10000, trades);
                buf_printf(&want, "'%s' '%s' %lld %lld %lld %lld.%04lldm ", tag, label,
                           (long long)trades, (long long)wins, (long long)(trades - wins),
                           (long long)(rate / 10000), (long long)(rate % 10000));
                add_money(&want, sum);
                buf_add_char(&want, ' ');
                add_money(&want, divide(sum, trades));
                buf_add_char(&want, '\n');
            }
            trades = wins = sum = 0;
        }
        if (!has_row)
            break;
        (void)snprintf(tag, sizeof tag, "%s", next);
        (void)snprintf(label, sizeof label, "%s", sqlite3_column_text(statement, 1));
        int64_t cents = cents_of(statement, 2);
        trades++;
        wins += cents >= 0;
        sum += cents;
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    (void)run(&demo, "tagPerformance", NULL, &got);
    assert_string_equal(got.ptr, want.ptr);
}

static void trades_come_newest_first_with_nine_columns_by_default(void **state)
{
    (void)state;
    const struct export_type *type = type_of(&demo, "trades");
    assert_int_equal(type->column_count, 16);
    for (size_t i = 0; i < type->column_count; i++)
        assert_int_equal(type->columns[i].is_default, i < 9);

    struct source_query query = kit_query(&demo.kit, type, NULL);
    const size_t columns[] = {0, 7};
    query.columns = columns;
    query.column_count = COUNT_OF(columns);
    struct buf want CLEANUP(buf_done);
    struct buf got CLEANUP(buf_done);
    buf_init(&want, KIT_MAX_BYTES);
    buf_init(&got, KIT_MAX_BYTES);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(demo.db,
                                        "SELECT \"id\", replace(\"entryAt\", ' ', 'T') FROM "
                                        "\"Trade\" WHERE \"userId\" = 'local' AND \"deletedAt\" "
                                        "IS NULL ORDER BY \"entryAt\" DESC, \"id\" ASC",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        buf_printf(&want, "'%s' T%sZ\n", sqlite3_column_text(statement, 0),
                   sqlite3_column_text(statement, 1));
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    int64_t count = 0;
    kit_must(kit_try_run(&demo.kit, &query, &got, &count, NULL), &demo.kit.err);
    assert_string_equal(got.ptr, want.ptr);
}

#define MINE \
    "SELECT count(*) FROM \"Trade\" t WHERE \"userId\" = 'local' AND \"deletedAt\" IS NULL "

static void filters_of_trades_let_through_what_they_say(void **state)
{
    (void)state;
    struct arena *arena = &demo.kit.arena;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(demo.db,
                                        "SELECT (SELECT \"id\" FROM \"TradeTag\" WHERE \"userId\" "
                                        "= 'local' LIMIT 1), (SELECT \"id\" FROM \"TradeTag\" "
                                        "WHERE \"userId\" = 'local' LIMIT 1 OFFSET 1), (SELECT "
                                        "\"id\" FROM \"Instrument\" WHERE \"symbol\" = 'ES')",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = arena_copy_text(arena, str_of((const char *)sqlite3_column_text(statement, i)));
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    const struct {
        struct kit_filter filters[3];
        const char *where;
    } table[] = {
        {{{"status", {"OPEN"}}}, "AND \"status\" = 'OPEN'"},
        {{{"direction", {"SHORT"}}, {"status", {"CLOSED"}}},
         "AND \"direction\" = 'SHORT' AND \"status\" = 'CLOSED'"},
        {{{"dateFrom", {"2025-08-01"}}, {"dateTo", {"2025-08-31"}}},
         "AND substr(\"entryAt\", 1, 7) = '2025-08'"},
        {{{"dateFrom", {"2025-08-01T12:00:00Z"}}}, "AND \"entryAt\" >= '2025-08-01 12:00:00.000'"},
        {{{"dateTo", {"2024-01-02"}}}, "AND substr(\"entryAt\", 1, 10) = '2024-01-02'"},
        {{{"dateTo", {"2024-01-02T00:00:00Z"}}}, "AND \"entryAt\" = '2024-01-02 00:00:00.000'"},
        {{{"instrumentId", {ids[2]}}},
         arena_printf(arena, "AND \"instrumentId\" = '%s'", ids[2]).ptr},
        {{{"tagIds", {ids[0], ids[1]}}},
         arena_printf(arena,
                      "AND \"id\" IN (SELECT \"tradeId\" FROM \"TradeTagOnTrade\" WHERE \"tagId\" "
                      "IN ('%s', '%s'))",
                      ids[0], ids[1])
             .ptr},
        {{{"tagIds", {"nobody's"}}}, "AND 0"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct source_query query =
            kit_query(&demo.kit, type_of(&demo, "trades"), table[i].filters);
        int64_t want = ask(&demo, arena_printf(arena, MINE "%s", table[i].where).ptr);
        assert_int_equal(kit_count(&demo.kit, &query), want);
        assert_true(want > 0 || i == COUNT_OF(table) - 1);
    }
}

static void goals_come_by_their_start(void **state)
{
    (void)state;
    struct buf got CLEANUP(buf_done);
    buf_init(&got, KIT_MAX_BYTES);
    struct str rest = run(&demo, "goals", NULL, &got);
    int lines = 0;
    for (struct str line; str_next(&rest, '\n', &line) && line.len;)
        lines++;
    assert_int_equal(lines, ask(&demo, "SELECT count(*) FROM \"Goal\" WHERE \"userId\" = "
                                       "'local'"));
    assert_non_null(strstr(got.ptr, "'ROLLING_WINDOW_PNL' 'YEAR'"));
}

/* PnL to the cent, in cases where rounding is not obvious. One trade each. */
static void pnl_is_rounded_from_fifteen_digits_halves_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        const char *values; /* direction, entry, exit, quantity, fees */
        const char *want;
    } table[] = {
        {"'LONG', 1, 2, 1, 0", "1.00m"},
        {"'SHORT', 1, 2, 1, 0", "-1.00m"},
        {"'LONG', 1, NULL, 1, 0", "null"},
        {"'LONG', 1, 1, 1, 0", "0.00m"},
        {"'SHORT', 1, 1, 1, 0", "0.00m"},    /* never -0.00 */
        {"'LONG', 0, 1.005, 1, 0", "1.01m"}, /* the double is a little less */
        {"'SHORT', 0, 1.005, 1, 0", "-1.01m"},
        {"'LONG', 0, 0.005, 1, 0", "0.01m"},
        {"'LONG', 0, 0.0049999999999999, 1, 0", "0.00m"},
        {"'LONG', 0, 0.004999999999999999, 1, 0", "0.01m"}, /* sixteen digits: 0.005 with fifteen */
        {"'LONG', 0, 0.0001, 1, 0", "0.00m"},
        {"'LONG', 0, 1e-9, 1, 0", "0.00m"},
        {"'LONG', 0, 2.675, 1, 0", "2.68m"},
        {"'LONG', 0, 0.125, 1, 0", "0.13m"},
        {"'LONG', 0, 0.375, 3, 0", "1.13m"},
        {"'LONG', 0, 9.995, 1, 0", "10.00m"},
        {"'LONG', 0, 99999.995, 1, 0", "100000.00m"},
        {"'LONG', 0.1, 0.3, 1, 0.005", "0.20m"}, /* 0.195, as doubles 0.19499999999999998 */
        {"'LONG', 5123.25, 5124.75, 3, 2.24", "2.26m"},
        {"'LONG', 0, 123456789012.345, 1, 0", "123456789012.35m"},
        {"'LONG', 0, 1234567890123.44, 1, 0", "1234567890123.44m"},
        {"'LONG', 0, 12345678901234.5, 1, 0", "12345678901234.50m"},
    };
    struct journal own; /* it writes */
    journal_open(&own);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str sql = arena_printf(
            &own.kit.arena,
            "DELETE FROM \"TradeTagOnTrade\"; DELETE FROM \"Trade\"; INSERT INTO \"Trade\" "
            "(\"id\", \"userId\", \"instrumentId\", \"direction\", \"entryPrice\", \"exitPrice\", "
            "\"quantity\", \"fees\", \"entryAt\", \"exitAt\", \"status\", \"createdAt\", "
            "\"updatedAt\") SELECT 'a', 'local', \"id\", %s, '2025-01-01 00:00:00.000', "
            "'2025-01-01 00:00:00.000', 'CLOSED', '', '' FROM \"Instrument\" WHERE \"symbol\" = "
            "'BTCUSD'",
            table[i].values);
        char *message = NULL;
        if (sqlite3_exec(own.db, sql.ptr, NULL, NULL, &message) != SQLITE_OK)
            fail_msg("%s", message);
        struct source_query query = kit_query(&own.kit, type_of(&own, "trades"), NULL);
        const size_t pnl = 11;
        query.columns = &pnl;
        query.column_count = 1;
        kit_check(&own.kit, &query, arena_printf(&own.kit.arena, "%s\n", table[i].want).ptr);
        struct str want = arena_printf(&own.kit.arena, "D2025-01-01 %s\n", table[i].want);
        query = kit_query(&own.kit, type_of(&own, "dailyPnl"), NULL);
        kit_check(&own.kit, &query, want.ptr);
    }
    journal_close(&own);
}

static void a_journal_that_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(demo_journal_write("/no/such/directory/demo.db", &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    struct kit kit;
    kit_open(&kit, NULL);
    struct sqlite_script *script = NULL;
    kit_must(sqlite_script_open(kit.path, &script, &err), &err);
    assert_false(
        sqlite_script_run(script, STR("CREATE TABLE t(a); INSERT INTO u VALUES (1)"), &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    sqlite_script_free(script);
    sqlite_script_free(NULL);
    kit_close(&kit); /* the directory is empty, or rmdir would fail */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_is_believable_and_always_the_same),
        cmocka_unit_test(daily_pnl_adds_up_to_the_cent),
        cmocka_unit_test(tag_performance_counts_wins_and_averages),
        cmocka_unit_test(trades_come_newest_first_with_nine_columns_by_default),
        cmocka_unit_test(filters_of_trades_let_through_what_they_say),
        cmocka_unit_test(goals_come_by_their_start),
        cmocka_unit_test(pnl_is_rounded_from_fifteen_digits_halves_away_from_zero),
        cmocka_unit_test(what_a_killed_start_left_is_removed_by_the_next),
        cmocka_unit_test(a_journal_that_cannot_be_written_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, open_journal, close_journal);
}
