/* SPDX-License-Identifier: Apache-2.0
 *
 * Queries on a PostgreSQL database: which rows come, in which order, how many are expected, and
 * from which moment. How they end badly is in test_export_pg_stop.c.
 */
#include "tests/unit/export_pg_kit.h"

#define SHARED "-- title: T\n-- shared\n"

static const char numbers[] =
    "create type mood as enum ('sad', 'glad');"
    "create table t(id int primary key, owner text, at timestamp, seen timestamptz, day date,"
    " tag text, m mood, u uuid, price float8, total numeric, ok boolean);"
    "insert into t select i, case i % 2 when 0 then 'local' else 'alice' end, n.at, n.at, n.at,"
    " 'tag' || (i % 5), (array['sad', 'glad'])[1 + i % 2]::mood, md5((i % 5)::text)::uuid,"
    " i / 4.0, i / 4.0, i % 3 = 0 from generate_series(1, 5000) as i,"
    " lateral (select timestamp '2025-08-01 12:00' + (i % 31) * interval '1 day' as at) as n;"
    "analyze t;";

static void only_the_owners_rows_come(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    struct export_type type =
        kit_type(&kit, "-- title: T\nSELECT id FROM t WHERE owner = :owner ORDER BY id");
    struct source_query query = kit_query(&kit, &type, NULL);
    assert_int_equal(kit_count(&kit, &query), 2500);
    query.owner = STR("local' OR '1' = '1");
    assert_int_equal(kit_count(&kit, &query), 0);
    query.owner = (struct str){0};
    assert_int_equal(kit_count(&kit, &query), 0);
    query.owner = (struct str){"local\0x", 7}; /* as a C string it would be another */
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_INVALID);
    kit_close(&kit);
}

static const struct {
    const char *header;
    const char *where;
    struct kit_filter filters[3];
    int64_t rows;
} filters[] = {
    /* not given: NULL */
    {"-- filter a text: A\n", ":a IS NULL", {{NULL, {NULL}}}, 5000},
    {"-- filter a date: A\n", ":a_end IS NULL", {{NULL, {NULL}}}, 5000},
    {"-- filter a text[]: A\n", ":a IS NULL", {{NULL, {NULL}}}, 5000},
    {"-- filter a enum(sad, glad): A\n", ":a IS NULL OR m = :a", {{NULL, {NULL}}}, 5000},
    /* texts are what they are compared with */
    {"-- filter a text: A\n", "tag = :a", {{"a", {"tag1"}}}, 1000},
    {"-- filter a text: A\n", "tag = :a", {{"a", {"tag1' OR 1 --"}}}, 0},
    {"-- filter a text: A\n", ":a = ''", {{"a", {""}}}, 5000},
    {"-- filter a text: A\n", "tag LIKE '%' || :a", {{"a", {"1"}}}, 1000},
    {"-- filter a text: A\n",
     "(:a IS NULL OR u = :a)",
     {{"a", {"cfcd2084-95d5-65ef-66e7-dff9f98764da"}}},
     1000},
    {"-- filter a enum(sad, glad): A\n", ":a IS NULL OR m = :a", {{"a", {"glad"}}}, 2500},
    {"-- filter a enum(sad, glad): A\n", "m = :a::mood", {{"a", {"sad"}}}, 2500},
    {"-- filter a enum(sad, glad): A\n", "m::text = :a", {{"a", {"sad"}}}, 2500},
    /* numbers compare with all numbers */
    {"-- filter a integer: A\n", "id < :a", {{"a", {"11"}}}, 10},
    {"-- filter a integer: A\n", "id < :a", {{"a", {"9223372036854775807"}}}, 5000},
    {"-- filter a integer: A\n", "price < :a AND total < :a", {{"a", {"1"}}}, 3},
    {"-- filter a number: A\n", "id < :a", {{"a", {"10.5"}}}, 10},
    {"-- filter a number: A\n", "price = :a AND total = :a", {{"a", {"2.5"}}}, 1},
    {"-- filter a number: A\n", "id < :a", {{"a", {"1e300"}}}, 5000},
    {"-- filter a boolean: A\n", "ok = :a", {{"a", {"true"}}}, 1666},
    {"-- filter a boolean: A\n", ":a IS NULL OR ok = :a", {{"a", {"false"}}}, 3334},
    /* a date holds its whole day, a time itself; with zone or without */
    {"-- filter a date: A\n", "at >= :a AND at < :a_end", {{"a", {"2025-08-02"}}}, 162},
    {"-- filter a date: A\n", "seen >= :a AND seen < :a_end", {{"a", {"2025-08-02"}}}, 162},
    {"-- filter a date: A\n", "day = :a", {{"a", {"2025-08-02"}}}, 162},
    {"-- filter a date: A\n", "at < :a_end", {{"a", {"9999-12-31"}}}, 5000},
    {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01"}}}, 161},
    {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01T12:00:00Z"}}}, 161},
    {"-- filter a timestamp: A\n", "at < :a", {{"a", {"2025-08-01T12:00:00Z"}}}, 0},
    {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01T11:59:59.999Z"}}}, 0},
    {"-- filter a timestamp: A\n", "at >= :a", {{"a", {"2025-08-31T14:00:00+02:00"}}}, 161},
    {"-- filter a timestamp: A\n", "seen >= :a", {{"a", {"2025-08-31T14:00:00+02:00"}}}, 161},
    {"-- filter a timestamp: A\n", "at >= :a::timestamp", {{"a", {"2025-08-31"}}}, 161},
    {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"9999-12-31"}}}, 5000},
    {"-- filter a timestamp: A\n", ":a IS NULL OR day >= :a", {{"a", {"2025-08-31"}}}, 161},
    /* a list is an array */
    {"-- filter a text[]: A\n", "tag = ANY (:a)", {{"a", {"tag1", "tag3"}}}, 2000},
    {"-- filter a text[]: A\n", ":a IS NULL OR m = ANY (:a)", {{"a", {"glad", "sad"}}}, 5000},
    {"-- filter a text[]: A\n",
     "array_to_string(:a::text[], '|', 'null') = 'q\"|\\|NULL|{x,' || chr(9) || chr(10) || "
     "' ä}'",
     {{"a", {"q\"", "\\", "NULL", "{x,\t\n ä}"}}},
     5000},
    /* several, one of them twice in the SQL */
    {"-- filter a integer: A\n-- filter b integer: B\n",
     "id > :a AND id <= :b AND :a < :b",
     {{"b", {"20"}}, {"a", {"10"}}},
     10},
};

static void every_filter_type_is_bound(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        struct str text = arena_printf(&kit.arena, SHARED "%sSELECT id FROM t WHERE %s",
                                       filters[i].header, filters[i].where);
        struct export_type type;
        if (!kit_try_type(&kit, text.ptr, &type))
            fail_msg("%s: %s", filters[i].where, kit.err.text);
        struct source_query query = kit_query(&kit, &type, filters[i].filters);
        int64_t rows = kit_count(&kit, &query);
        if (rows != filters[i].rows)
            fail_msg("%s: %lld rows, want %lld", filters[i].where, (long long)rows,
                     (long long)filters[i].rows);
    }
    kit_close(&kit);
}

static void columns_come_in_the_order_asked_for_and_others_are_not_computed(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    struct export_type type =
        kit_type(&kit, SHARED "SELECT id, 1 / (id - id) AS \"no \"\"way\", owner, at FROM t "
                              "WHERE id < 3 ORDER BY at DESC, id -- to the end");
    struct source_query query = kit_query(&kit, &type, NULL);
    const size_t columns[] = {3, 0};
    query.columns = columns;
    query.column_count = COUNT_OF(columns);
    kit_check(&kit, &query, "T2025-08-03T12:00:00.000Z 2\nT2025-08-02T12:00:00.000Z 1\n");
    const size_t bad[] = {1};
    query.columns = bad;
    query.column_count = 1;
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
    kit_close(&kit);
}

/* Choosing columns and limiting make the type's SQL a subquery. Its order must stay, also when the
 * planner would rather do everything in parallel. */
static void the_order_of_the_type_file_is_kept(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    const char *name = kit_ask(&kit, "select current_database()");
    static const char *const settings[] = {"parallel_setup_cost = 0", "parallel_tuple_cost = 0",
                                           "min_parallel_table_scan_size = 0"};
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        test_database_do(
            arena_printf(&kit.arena, "alter database %s set %s", name, settings[i]).ptr);
    source_close(kit.source);
    kit_must(source_open(str_of(test_database_url()), &kit.source, &kit.err), &kit.err);
    struct export_type type =
        kit_type(&kit, SHARED "SELECT id, tag, owner FROM t ORDER BY tag DESC, id");
    struct source_query query = kit_query(&kit, &type, NULL);
    const size_t columns[] = {0};
    query.columns = columns;
    query.column_count = 1;
    struct buf want CLEANUP(buf_done);
    buf_init(&want, KIT_MAX_BYTES);
    for (int tag = 4; tag >= 0; tag--)
        for (int id = tag ? tag : 5; id <= 5000; id += 5)
            buf_printf(&want, "%d\n", id);
    kit_check(&kit, &query, want.ptr);
    query.limit = 1234;
    const char *end = want.ptr;
    for (int i = 0; i < 1234; i++)
        end = strchr(end, '\n') + 1;
    kit_check(&kit, &query,
              arena_copy_str(&kit.arena, (struct str){want.ptr, (size_t)(end - want.ptr)}).ptr);
    test_database_do(arena_printf(&kit.arena, "alter database %s reset all", name).ptr);
    kit_close(&kit);
}

static void the_total_is_an_estimate_that_never_fails(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t limit;
        int64_t least;
        int64_t most;
    } table[] = {
        {"SELECT id FROM t", 0, 5000, 5000},
        {"SELECT id FROM t; -- end", 4000, 4000, 4000},
        {"SELECT id FROM t", 9000, 5000, 5000},
        {"SELECT id FROM t WHERE id < 3000", 0, 2800, 3200},
        {"SELECT a.id AS \"Plan Rows\" FROM t AS a, t AS b", 0, 25000000, 25000000},
        {"SELECT id FROM t", 100, 0, 0}, /* over with its first batch: nobody asks */
        {"SELECT a.id FROM t AS a, t AS b, t AS c, t AS d, t AS e, t AS f", 0, 0,
         0}, /* > 64 bits */
    };
    struct kit kit;
    kit_open_pg(&kit, numbers);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "%s", table[i].sql).ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        query.limit = table[i].limit;
        struct rows *rows = NULL;
        kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
        enum rows_total_kind kind = ROWS_EXACT;
        (void)rows_total(rows, &kind);
        assert_int_equal(kind, ROWS_UNKNOWN); /* yet */
        struct batch batch;
        batch_init(&batch, 1);
        kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
        int64_t total = rows_total(rows, &kind);
        assert_int_equal(kind, table[i].most ? ROWS_ESTIMATED : ROWS_UNKNOWN);
        if (table[i].most)
            assert_in_range(total, table[i].least, table[i].most);
        batch_done(&batch);
        rows_close(rows);
    }
    kit_close(&kit);
}

static void no_rows_are_an_end_at_once_and_again(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "SELECT id FROM t WHERE id < 0");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct rows *rows = NULL;
    kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
    struct batch batch;
    batch_init(&batch, 1);
    for (int i = 0; i < 3; i++) {
        batch_clear(&batch);
        kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
        assert_int_equal(batch.row_count, 0);
    }
    batch_done(&batch);
    rows_close(rows);
    kit_close(&kit);
}

static void all_rows_are_of_one_moment_while_another_writes(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    /* the function runs in the query's snapshot at each row */
    test_database_do("create function now_there() returns bigint language sql volatile as "
                     "'select count(*) from t'");
    struct export_type type =
        kit_type(&kit, SHARED "SELECT id, tag, now_there() AS n FROM t ORDER BY id");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct rows *rows = NULL;
    kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
    test_database_do("delete from t where id % 2 = 1; update t set tag = 'new';"
                     "insert into t(id) values (9999)");
    struct batch batch;
    batch_init(&batch, 3);
    int64_t count = 0;
    do {
        batch_clear(&batch);
        kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
        count += (int64_t)batch.row_count;
        for (size_t i = 0; i < batch.row_count; i++) {
            assert_false(str_equal(batch_text(&batch, &batch.cells[3 * i + 1]), STR("new")));
            assert_int_equal(batch.cells[3 * i + 2].as.integer, 5000);
        }
    } while (batch.row_count);
    assert_int_equal(count, 5000);
    batch_done(&batch);
    rows_close(rows);
    assert_int_equal(kit_count(&kit, &query), 2501);
    kit_close(&kit);
}

static void a_table_that_changed_since_the_start_fails_the_job(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    struct export_type star = kit_type(&kit, SHARED "SELECT * FROM t");
    struct export_type named = kit_type(&kit, SHARED "SELECT tag FROM t");
    struct source_query all = kit_query(&kit, &star, NULL);
    struct source_query query = kit_query(&kit, &named, NULL);
    int64_t count = 0;
    test_database_do("alter table t add column more int");
    assert_false(kit_try_run(&kit, &all, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_SCHEMA);
    assert_non_null(strstr(kit.err.text, "the columns of test changed"));
    assert_int_equal(kit_count(&kit, &query), 5000);
    test_database_do("alter table t alter column tag type int using 1");
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_non_null(strstr(kit.err.text, "the columns of test changed"));
    test_database_do("alter table t drop column tag");
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_SCHEMA);
    assert_null(strstr(kit.err.text, "SELECT"));
    kit_close(&kit);
}

static void a_query_over_a_type_that_was_not_described_is_refused(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "SELECT id FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    type.sql = STR("SELECT id FROM t LIMIT 1");
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_INTERNAL);
    kit_close(&kit);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_owners_rows_come),
        cmocka_unit_test(every_filter_type_is_bound),
        cmocka_unit_test(columns_come_in_the_order_asked_for_and_others_are_not_computed),
        cmocka_unit_test(the_order_of_the_type_file_is_kept),
        cmocka_unit_test(the_total_is_an_estimate_that_never_fails),
        cmocka_unit_test(no_rows_are_an_end_at_once_and_again),
        cmocka_unit_test(all_rows_are_of_one_moment_while_another_writes),
        cmocka_unit_test(a_table_that_changed_since_the_start_fails_the_job),
        cmocka_unit_test(a_query_over_a_type_that_was_not_described_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
