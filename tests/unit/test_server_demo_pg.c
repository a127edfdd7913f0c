/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo journal in PostgreSQL, and the four built-in types over it: their files are those of
 * SQLite, byte for byte.
 */
#include "base/mem.h"
#include "export/catalog.h"
#include "export/writer.h"
#include "server/demo_journal.h"
#include "tests/unit/export_pg_kit.h"

#include <sqlite3.h>

struct side {
    struct kit kit;
    struct catalog *catalog;
};

static struct side sqlite;
static struct side postgres;

static void load_types(struct side *side)
{
    const char *root = getenv("EXPORTQ_SOURCE_DIR"); // NOLINT(concurrency-mt-unsafe)
    const char *types = arena_printf(&side->kit.arena, "%s/sql/types/%s", root ? root : ".",
                                     source_dialect(side->kit.source))
                            .ptr;
    kit_must(catalog_load(types, side->kit.source, &side->catalog, &side->kit.err), &side->kit.err);
}

static int open_journals(void **state)
{
    (void)state;
    kit_open(&sqlite.kit, NULL);
    kit_must(demo_journal_write(sqlite.kit.path, &sqlite.kit.err), &sqlite.kit.err);
    kit_open_source(&sqlite.kit, sqlite.kit.path);
    load_types(&sqlite);
    kit_open_pg(&postgres.kit, NULL);
    kit_must(demo_journal_load(test_database_url(), &postgres.kit.err), &postgres.kit.err);
    load_types(&postgres);
    return 0;
}

static int close_journals(void **state)
{
    (void)state;
    catalog_free(sqlite.catalog);
    kit_close(&sqlite.kit);
    catalog_free(postgres.catalog);
    kit_close(&postgres.kit);
    return 0;
}

/* ---- One file ---- */

struct file {
    struct sink sink;
    struct buf bytes;
};

static bool keep(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    (void)err;
    buf_add(&CONTAINER_OF(sink, struct file, sink)->bytes, bytes, len);
    return true;
}

/* What is asked of both. */
struct request {
    const char *type;
    const char *format;
    const char *owner;
    int64_t limit;
    struct kit_filter filters[4];
    size_t columns[6]; /* the first `column_count` count; 0 of them: all */
    size_t column_count;
};

static void write_file(struct side *side, const struct request *request, struct file *out)
{
    struct kit *kit = &side->kit;
    const struct export_type *type = catalog_find(side->catalog, str_of(request->type));
    assert_non_null(type);
    struct source_query query = kit_query(kit, type, request->filters);
    query.owner = str_of(request->owner);
    query.limit = request->limit;
    if (request->column_count) {
        query.columns = request->columns;
        query.column_count = request->column_count;
    }
    const struct column **columns =
        arena_alloc_array(&kit->arena, query.column_count, sizeof(struct column *));
    for (size_t i = 0; i < query.column_count; i++)
        columns[i] = &type->columns[query.columns[i]];
    struct writer_options options = writer_options_default();
    *out = (struct file){.sink = {keep}};
    buf_init(&out->bytes, KIT_MAX_BYTES);
    struct writer *writer = writer_new(format_find(str_of(request->format)), &options, columns,
                                       query.column_count, &out->sink);
    struct rows *rows = NULL;
    kit_must(source_query(kit->source, &query, &rows, &kit->err), &kit->err);
    struct batch batch;
    batch_init(&batch, query.column_count);
    do {
        batch_clear(&batch);
        kit_must(rows_next(rows, &batch, &kit->err), &kit->err);
        kit_must(writer_rows(writer, &batch, &kit->err), &kit->err);
    } while (batch.row_count);
    kit_must(writer_finish(writer, &kit->err), &kit->err);
    batch_done(&batch);
    rows_close(rows);
    writer_free(writer);
}

/* Writes it from both and compares; gives the size. */
static size_t compare(const struct request *request)
{
    struct file want;
    struct file got;
    write_file(&sqlite, request, &want);
    write_file(&postgres, request, &got);
    size_t len = want.bytes.len;
    size_t at = 0;
    while (at < len && at < got.bytes.len && want.bytes.ptr[at] == got.bytes.ptr[at])
        at++;
    if (len != got.bytes.len || at != len)
        fail_msg("%s of %s as %s: differ at %zu of %zu and %zu:\n%.80s\n%.80s", request->type,
                 request->owner, request->format, at, len, got.bytes.len,
                 want.bytes.ptr + (at < len ? at : 0),
                 got.bytes.ptr + (at < got.bytes.len ? at : 0));
    buf_done(&want.bytes);
    buf_done(&got.bytes);
    return len;
}

static const char *const names[] = {"trades", "goals", "dailyPnl", "tagPerformance"};
static const char *const kinds[] = {"csv", "json", "ndjson"};

/* ---- The tests ---- */

static void change_sqlite(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(sqlite.kit.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void both_databases_give_the_same_file_for_every_type_format_and_owner(void **state)
{
    (void)state;
    static const char *const owners[] = {"local", "alice", "bob", "carol", "nobody"};
    for (size_t type = 0; type < COUNT_OF(names); type++) {
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
            for (size_t owner = 0; owner < COUNT_OF(owners); owner++) {
                size_t len = compare(&(struct request){
                    .type = names[type], .format = kinds[kind], .owner = owners[owner]});
                assert_true(len > 500 || owner == COUNT_OF(owners) - 1);
            }
        }
    }
}

static void both_databases_give_the_same_file_for_filters_columns_and_limits(void **state)
{
    (void)state;
    const char *tag = kit_ask(&postgres.kit, "select min(id) from \"TradeTag\" "
                                             "where \"userId\" = 'local'");
    const char *other = kit_ask(&postgres.kit, "select max(id) from \"TradeTag\" "
                                               "where \"userId\" = 'local'");
    const char *instrument = kit_ask(&postgres.kit, "select min(id) from \"Instrument\"");
    const struct request table[] = {
        {.filters = {{"status", {"OPEN"}}}},
        {.filters = {{"status", {"CLOSED"}}, {"direction", {"SHORT"}}}},
        {.filters = {{"dateFrom", {"2025-08-01"}}, {"dateTo", {"2025-08-31"}}}},
        {.filters = {{"dateFrom", {"2025-03-01T12:00:00+02:00"}},
                     {"dateTo", {"2025-03-09T23:59:59.999Z"}}}},
        {.filters = {{"dateTo", {"9999-12-31"}}}},
        {.filters = {{"tagIds", {tag, other}}}},
        {.filters = {{"tagIds", {"it's \"odd\", {NULL}\\"}}}},
        {.filters = {{"instrumentId", {instrument}}, {"tagIds", {tag}}}},
        {.filters = {{"instrumentId", {"' or '1' = '1"}}}},
        {.columns = {12, 0, 11}, .column_count = 3},
        {.columns = {7, 0}, .column_count = 2, .limit = 777},
        {.limit = 1},
        {.limit = 1000000},
        {.columns = {13}, .column_count = 1, .filters = {{"direction", {"LONG"}}}, .limit = 50},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct request request = table[i];
        request.type = "trades";
        request.format = kinds[i % COUNT_OF(kinds)];
        request.owner = "local";
        (void)compare(&request);
    }
}

static void the_types_look_the_same_in_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct export_type *a = catalog_find(sqlite.catalog, str_of(names[i]));
        const struct export_type *b = catalog_find(postgres.catalog, str_of(names[i]));
        assert_true(str_equal(a->title, b->title));
        assert_int_equal(a->column_count, b->column_count);
        for (size_t c = 0; c < a->column_count; c++) {
            assert_true(str_equal(a->columns[c].name, b->columns[c].name));
            assert_true(str_equal(a->columns[c].title, b->columns[c].title));
            assert_int_equal(a->columns[c].type, b->columns[c].type);
            assert_int_equal(a->columns[c].is_default, b->columns[c].is_default);
        }
        assert_int_equal(a->filter_count, b->filter_count);
        for (size_t f = 0; f < a->filter_count; f++) {
            assert_true(str_equal(a->filters[f].name, b->filters[f].name));
            assert_true(str_equal(a->filters[f].description, b->filters[f].description));
            assert_int_equal(a->filters[f].type, b->filters[f].type);
        }
    }
}

/* PnL to the cent where rounding is not obvious; the files of SQLite are tested for what they say
 * in test_server_demo_journal.c. */
static void money_is_rounded_the_same_in_both(void **state)
{
    (void)state;
    static const char *const trades[] = {
        "'LONG', 1, 2, 1, 0",          "'LONG', 1, NULL, 1, 0",
        "'SHORT', 1, 1, 1, 0",         "'LONG', 0, 1.005, 1, 0",
        "'SHORT', 0, 1.005, 1, 0",     "'LONG', 0, 0.0049999999999999, 1, 0",
        "'LONG', 0, 2.675, 1, 0",      "'LONG', 0, 0.375, 3, 0",
        "'LONG', 0.1, 0.3, 1, 0.005",  "'LONG', 0, 1e-9, 1, 0",
        "'LONG', 0, 99999.995, 1, 0",  "'LONG', 0, 123456789012.345, 1, 0",
        "'SHORT', 3.3, 1.1, 7, 0.015", "'LONG', 0, 0.004999999999999999, 1, 0",
    };
    struct buf sql CLEANUP(buf_done);
    buf_init(&sql, KIT_MAX_BYTES);
    buf_add_text(&sql, "INSERT INTO \"User\" VALUES ('odd', 'odd@x', NULL, 'USER', "
                       "'2025-01-01 00:00:00.000', '2025-01-01 00:00:00.000');");
    for (size_t i = 0; i < COUNT_OF(trades); i++) {
        buf_printf(&sql,
                   "INSERT INTO \"Trade\" (\"direction\", \"entryPrice\", \"exitPrice\", "
                   "\"quantity\", \"fees\", \"id\", \"userId\", \"instrumentId\", \"entryAt\", "
                   "\"exitAt\", \"status\", \"createdAt\", \"updatedAt\") SELECT %s, 'odd%zu', "
                   "'odd', \"id\", '2025-01-01 00:00:00.000', '2025-01-0%zu 00:00:00.000', "
                   "'CLOSED', '2025-01-01 00:00:00.000', '2025-01-01 00:00:00.000' FROM "
                   "\"Instrument\" WHERE \"symbol\" = 'BTCUSD';",
                   trades[i], i, 1 + i % 9);
        buf_printf(&sql,
                   "INSERT INTO \"TradeTagOnTrade\" SELECT 'odd%zu', \"id\" FROM \"TradeTag\" "
                   "WHERE \"userId\" = 'local' AND \"label\" < '%s';",
                   i, i % 3 ? "B" : "Z");
    }
    change_sqlite(sql.ptr);
    test_database_do(/* SQLite cannot be told of enums */
                     arena_printf(
                         &postgres.kit.arena,
                         "CREATE CAST (text AS \"TradeDirection\") WITH INOUT AS ASSIGNMENT; "
                         "CREATE CAST (text AS \"TradeStatus\") WITH INOUT AS ASSIGNMENT; %s",
                         sql.ptr)
                         .ptr);
    for (size_t type = 0; type < COUNT_OF(names); type++)
        (void)compare(&(struct request){.type = names[type], .format = "csv", .owner = "odd"});
    (void)compare(&(struct request){
        .type = "trades", .format = "csv", .owner = "odd", .columns = {0, 11}, .column_count = 2});
}

static void a_journal_with_rows_is_not_overwritten(void **state)
{
    (void)state;
    struct kit *kit = &postgres.kit;
    const char *before = kit_ask(kit, "select count(*) from \"Trade\"");
    assert_false(demo_journal_load(test_database_url(), &kit->err));
    assert_int_equal(kit->err.code, ERR_EXISTS);
    assert_string_equal(kit_ask(kit, "select count(*) from \"Trade\""), before);
}

static void tables_that_are_empty_are_filled_and_a_failure_leaves_nothing(void **state)
{
    (void)state;
    struct kit *kit = &postgres.kit;
    static const char empty[] =
        "truncate \"User\", \"Instrument\", \"Trade\", \"TradeTag\", \"TradeTagOnTrade\", "
        "\"Goal\", \"PropEvaluation\"";
    const char *before = kit_ask(kit, "select sum(quantity) from \"Trade\" where \"userId\" <> "
                                      "'odd'");
    test_database_do(empty);
    test_database_do("alter table \"PropEvaluation\" add check (\"phase\" <> 'RESET')");
    assert_false(demo_journal_load(test_database_url(), &kit->err));
    assert_string_equal(kit_ask(kit, "select count(*) from \"User\""), "0");
    test_database_do(
        "alter table \"PropEvaluation\" drop constraint \"PropEvaluation_phase_check1\"");
    kit_must(demo_journal_load(test_database_url(), &kit->err), &kit->err);
    assert_string_equal(kit_ask(kit, "select sum(quantity) from \"Trade\""), before);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_databases_give_the_same_file_for_every_type_format_and_owner),
        cmocka_unit_test(both_databases_give_the_same_file_for_filters_columns_and_limits),
        cmocka_unit_test(the_types_look_the_same_in_both),
        cmocka_unit_test(money_is_rounded_the_same_in_both),
        cmocka_unit_test(a_journal_with_rows_is_not_overwritten),
        cmocka_unit_test(tables_that_are_empty_are_filled_and_a_failure_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, open_journals, close_journals);
}
