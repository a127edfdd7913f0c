/* SPDX-License-Identifier: Apache-2.0
 *
 * Queries on an SQLite database: which rows come, how many are expected, from which moment, and how
 * they end, well or badly.
 */
#include "tests/unit/export_source_kit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/stop.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#define SHARED "-- title: T\n-- shared\n"

static const char numbers[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, owner TEXT, at TEXT, tag TEXT);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    " INSERT INTO t SELECT i, CASE i % 2 WHEN 0 THEN 'local' ELSE 'alice' END,"
    " '2025-08-' || printf('%02d', 1 + i % 31) || ' 12:00:00.000', 'tag' || (i % 5) FROM n;";

/* Writes to a database through a connection of its own. */
static void write_to(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void only_the_owners_rows_come(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type =
        kit_type(&kit, "-- title: T\nSELECT id FROM t WHERE owner = :owner ORDER BY id");
    struct source_query query = kit_query(&kit, &type, NULL);
    assert_int_equal(kit_count(&kit, &query), 2500);
    query.owner = STR("local' OR '1' = '1");
    assert_int_equal(kit_count(&kit, &query), 0);
    query.owner = (struct str){0};
    assert_int_equal(kit_count(&kit, &query), 0);
    kit_close(&kit);
}

static void columns_come_in_the_order_asked_for(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "-- column at timestamp\n"
                                                    "SELECT id, owner, at FROM t WHERE id = 2");
    struct source_query query = kit_query(&kit, &type, NULL);
    const size_t columns[] = {2, 0};
    query.columns = columns;
    query.column_count = COUNT_OF(columns);
    kit_check(&kit, &query, "T2025-08-03T12:00:00.000Z 2\n");
    kit_close(&kit);
}

static void every_filter_type_is_bound(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *where;
        struct kit_filter filters[3];
        int64_t rows;
    } table[] = {
        /* not given: NULL */
        {"-- filter a text: A\n", ":a IS NULL", {{NULL, {NULL}}}, 5000},
        {"-- filter a date: A\n", ":a_end IS NULL", {{NULL, {NULL}}}, 5000},
        {"-- filter a text[]: A\n", ":a IS NULL", {{NULL, {NULL}}}, 5000},
        {"-- filter a text: A\n", "tag = :a", {{"a", {"tag1"}}}, 1000},
        {"-- filter a text: A\n", "tag = :a", {{"a", {"tag1' OR 1 --"}}}, 0},
        {"-- filter a text: A\n", ":a = ''", {{"a", {""}}}, 5000},
        {"-- filter a enum(tag1, tag2): A\n", "tag = :a", {{"a", {"tag2"}}}, 1000},
        {"-- filter a integer: A\n", "id < :a", {{"a", {"11"}}}, 10},
        {"-- filter a integer: A\n", "typeof(:a) = 'integer'", {{"a", {"11"}}}, 5000},
        {"-- filter a number: A\n", "id < :a", {{"a", {"10.5"}}}, 10},
        {"-- filter a number: A\n", "typeof(:a) = 'real'", {{"a", {"10"}}}, 5000},
        {"-- filter a boolean: A\n", "(id < 11) = :a", {{"a", {"true"}}}, 10},
        {"-- filter a boolean: A\n", "(id < 11) = :a", {{"a", {"false"}}}, 4990},
        /* a date holds its whole day, a time itself */
        {"-- filter a date: A\n", "at >= :a AND at < :a_end", {{"a", {"2025-08-02"}}}, 162},
        {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01"}}}, 161},
        {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01T12:00:00Z"}}}, 161},
        {"-- filter a timestamp: A\n", "at < :a", {{"a", {"2025-08-01T12:00:00Z"}}}, 0},
        {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"2025-08-01T11:59:59.999Z"}}}, 0},
        {"-- filter a timestamp: A\n", "at >= :a", {{"a", {"2025-08-31T14:00:00+02:00"}}}, 161},
        {"-- filter a timestamp: A\n", "at < :a_end", {{"a", {"9999-12-31"}}}, 5000},
        /* a list */
        {"-- filter a text[]: A\n",
         "tag IN (SELECT value FROM json_each(:a))",
         {{"a", {"tag1", "tag3"}}},
         2000},
        {"-- filter a text[]: A\n",
         "(SELECT group_concat(value, '|') FROM json_each(:a)) = 'q\"|\\|x' || char(9, 10) || 'ä'",
         {{"a", {"q\"", "\\", "x\t\nä"}}},
         5000},
        /* several, one of them twice in the SQL */
        {"-- filter a integer: A\n-- filter b integer: B\n",
         "id > :a AND id <= :b AND :a < :b",
         {{"b", {"20"}}, {"a", {"10"}}},
         10},
    };
    struct kit kit;
    kit_open(&kit, numbers);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str text = arena_printf(&kit.arena, SHARED "%sSELECT id FROM t WHERE %s",
                                       table[i].header, table[i].where);
        struct export_type type = kit_type(&kit, text.ptr);
        struct source_query query = kit_query(&kit, &type, table[i].filters);
        int64_t rows = kit_count(&kit, &query);
        if (rows != table[i].rows)
            fail_msg("%s: %lld rows, want %lld", table[i].where, (long long)rows,
                     (long long)table[i].rows);
    }
    kit_close(&kit);
}

static void the_total_is_exact_where_it_is_quick(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int64_t limit;
        enum rows_total_kind kind;
        int64_t total;
    } table[] = {
        {"SELECT id FROM t", 0, ROWS_EXACT, 5000},
        {"SELECT id FROM t; -- end", 0, ROWS_EXACT, 5000},
        {"SELECT id FROM t -- end;", 0, ROWS_EXACT, 5000},
        {"SELECT id FROM t", 10, ROWS_EXACT, 10},
        {"SELECT id FROM t", 9000, ROWS_EXACT, 5000},
        {"SELECT id FROM t WHERE id < 0", 0, ROWS_EXACT, 0},
        {"SELECT id FROM t WHERE id < 0", 7, ROWS_EXACT, 0},
        {"WITH x AS (SELECT 1 AS a) SELECT a FROM x ORDER BY a LIMIT 1", 0, ROWS_EXACT, 1},
        {"SELECT id FROM t ORDER BY tag, id LIMIT 100 OFFSET 50", 0, ROWS_EXACT, 100},
        /* takes for ever: the count gives up */
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", 0,
         ROWS_UNKNOWN, 0},
        /* and with a limit it is quick again */
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", 3000,
         ROWS_EXACT, 3000},
    };
    struct kit kit;
    kit_open(&kit, numbers);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "%s", table[i].sql).ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        query.limit = table[i].limit;
        struct rows *rows = NULL;
        kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
        enum rows_total_kind kind = ROWS_ESTIMATED;
        int64_t total = rows_total(rows, &kind);
        assert_int_equal(kind, table[i].kind);
        if (kind == ROWS_EXACT)
            assert_int_equal(total, table[i].total);
        rows_close(rows);
        if (kind == ROWS_EXACT)
            assert_int_equal(kit_count(&kit, &query), table[i].total);
    }
    kit_close(&kit);
}

static void no_rows_are_an_end_at_once_and_again(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
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

static void rows_may_be_closed_in_the_middle(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "SELECT * FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct rows *rows = NULL;
    kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
    struct batch batch;
    batch_init(&batch, type.column_count);
    kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
    assert_int_equal(batch.row_count, BATCH_ROWS);
    rows_close(rows);
    rows_close(NULL);
    batch_done(&batch);
    kit_close(&kit);
}

/* Asks for a stop after a while. */
static void *stop_later(void *context)
{
    const struct timespec while_ = {.tv_nsec = 300 * 1000000L};
    (void)nanosleep(&while_, NULL);
    stop_request(context, STOP_CANCELLED);
    return NULL;
}

static void a_query_that_never_gives_a_row_stops_within_a_second(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type =
        kit_type(&kit, SHARED "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                              "SELECT i FROM n WHERE i < 0");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct stop stop;
    stop_init(&stop, 0);
    query.stop = &stop;
    pthread_t thread;
    int64_t begin_ms = clock_monotonic_ms();
    assert_int_equal(pthread_create(&thread, NULL, stop_later, &stop), 0);
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_true(clock_monotonic_ms() - begin_ms < 1300);
    assert_int_equal(kit.err.code, ERR_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);

    /* again, stopped before it begins, and by its deadline */
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_CANCELLED);
    stop_init(&stop, 100);
    begin_ms = clock_monotonic_ms();
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_GUARD_RAIL);
    assert_true(clock_monotonic_ms() - begin_ms < 1000);
    kit_close(&kit);
}

static void all_rows_are_of_one_moment_while_another_writes(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    write_to(kit.path, "PRAGMA journal_mode = WAL");
    struct export_type type = kit_type(&kit, SHARED "SELECT id, tag FROM t ORDER BY id");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct rows *rows = NULL;
    kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
    write_to(kit.path, "DELETE FROM t WHERE id % 2; UPDATE t SET tag = 'new';"
                       "INSERT INTO t(id) VALUES (9999)");
    enum rows_total_kind kind = ROWS_UNKNOWN;
    assert_int_equal(rows_total(rows, &kind), 5000);
    struct batch batch;
    batch_init(&batch, 2);
    int64_t count = 0;
    do {
        batch_clear(&batch);
        kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
        count += (int64_t)batch.row_count;
        for (size_t i = 0; i < batch.row_count; i++)
            assert_false(str_equal(batch_text(&batch, &batch.cells[2 * i + 1]), STR("new")));
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
    kit_open(&kit, numbers);
    struct export_type star = kit_type(&kit, SHARED "SELECT * FROM t");
    struct export_type named = kit_type(&kit, SHARED "SELECT tag FROM t");
    struct source_query query = kit_query(&kit, &star, NULL);
    int64_t count = 0;
    write_to(kit.path, "ALTER TABLE t ADD COLUMN more");
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_SCHEMA);
    assert_non_null(strstr(kit.err.text, "the columns of test changed"));
    query = kit_query(&kit, &named, NULL);
    assert_int_equal(kit_count(&kit, &query), 5000);
    write_to(kit.path, "ALTER TABLE t DROP COLUMN tag");
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_SCHEMA);
    assert_null(strstr(kit.err.text, "tag"));
    kit_close(&kit);
}

static void what_the_database_cannot_compute_fails_without_its_words(void **state)
{
    (void)state;
    static const char *const table[] = {
        "SELECT json_extract(tag, '$.secret') AS a FROM t",
        "SELECT abs(-9223372036854775807 - id) AS a FROM t",
        "SELECT sum(9223372036854775807) AS a FROM t",
    };
    struct kit kit;
    kit_open(&kit, numbers);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "%s", table[i]).ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        int64_t count = 0;
        assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
        assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
        assert_null(strstr(kit.err.text, "secret"));
        assert_null(strstr(kit.err.text, "SELECT"));
    }
    kit_close(&kit);
}

static void a_locked_database_is_worth_another_try(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "SELECT id FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    sqlite3 *writer = NULL;
    assert_int_equal(sqlite3_open(kit.path, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);

    struct stop stop; /* who waits for a lock can be stopped, too */
    stop_init(&stop, 100);
    query.stop = &stop;
    int64_t count = 0;
    int64_t begin_ms = clock_monotonic_ms();
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_GUARD_RAIL);
    assert_true(clock_monotonic_ms() - begin_ms < 1000);

    query.stop = NULL;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_UNAVAILABLE);
    assert_true(err_code_is_retryable(kit.err.code));
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
    assert_int_equal(kit_count(&kit, &query), 5000);
    kit_close(&kit);
}

static void a_source_that_is_none_is_refused(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, NULL);
    int fd = open(kit.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    static char text[4096] = "this is not a database, but a text of some length";
    assert_int_equal(write(fd, text, sizeof text), (ssize_t)sizeof text);
    assert_int_equal(close(fd), 0);
    const struct {
        const char *url;
        enum err_code code;
    } table[] = {
        {"", ERR_INVALID},
        {"mysql://user:secret@host/db", ERR_INVALID},
        {"sqlite:", ERR_INVALID},
        {"sqlite:/nowhere/at/all.db", ERR_SOURCE_UNAVAILABLE},
        {"sqlite:/tmp", ERR_SOURCE_UNAVAILABLE},
        {"sqlite::memory:", ERR_SOURCE_UNAVAILABLE}, /* a file of that name */
        {"sqlite:file:x?mode=memory", ERR_SOURCE_UNAVAILABLE},
        {arena_printf(&kit.arena, "sqlite:%s", kit.path).ptr, ERR_SOURCE_DATA},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct source *source = NULL;
        assert_false(source_open(str_of(table[i].url), &source, &kit.err));
        assert_string_equal(err_code_name(kit.err.code), err_code_name(table[i].code));
        assert_null(strstr(kit.err.text, "secret"));
        assert_null(strstr(kit.err.text, kit.directory));
    }
    kit_close(&kit);
}

static void a_damaged_database_is_told_and_not_retried(void **state)
{
    (void)state;
    struct kit kit;
    kit_open(&kit, numbers);
    struct export_type type = kit_type(&kit, SHARED "SELECT tag FROM t");
    struct source_query query = kit_query(&kit, &type, NULL);
    int fd = open(kit.path, O_WRONLY | O_CLOEXEC);
    static char garbage[4096];
    memset(garbage, 0x5A, sizeof garbage);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    for (off_t at = 4 * 4096; at < status.st_size; at += 4096)
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, at), (ssize_t)sizeof garbage);
    assert_int_equal(close(fd), 0);
    int64_t count = 0;
    assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
    assert_int_equal(kit.err.code, ERR_SOURCE_DATA);
    assert_false(err_code_is_retryable(kit.err.code));
    kit_close(&kit);
}

static void a_real_database_gives_all_its_invoice_lines(void **state)
{
    (void)state;
    const char *root = getenv("EXPORTQ_SOURCE_DIR"); // NOLINT(concurrency-mt-unsafe)
    struct kit kit;
    kit_open(&kit, NULL);
    const char *path =
        arena_printf(&kit.arena, "%s/../shared/data/chinook/chinook.sqlite", root ? root : ".").ptr;
    if (access(path, R_OK) != 0) {
        print_message("skipped: no chinook.sqlite here\n");
        kit_close(&kit);
        skip();
    }
    kit_open_source(&kit, path);
    struct export_type type = kit_type(
        &kit,
        "-- title: Invoice lines\n-- shared\n-- column invoiceDate timestamp: Date\n"
        "-- filter country text: Country of the customer\n"
        "SELECT l.InvoiceLineId AS id, i.InvoiceDate AS invoiceDate, t.Name AS track,\n"
        "       a.Title AS album, r.Name AS artist, c.LastName AS customer, l.UnitPrice AS price\n"
        "FROM InvoiceLine l JOIN Invoice i ON i.InvoiceId = l.InvoiceId\n"
        "JOIN Track t ON t.TrackId = l.TrackId JOIN Album a ON a.AlbumId = t.AlbumId\n"
        "JOIN Artist r ON r.ArtistId = a.ArtistId JOIN Customer c ON c.CustomerId = "
        "i.CustomerId\n"
        "WHERE :country IS NULL OR c.Country = :country\n"
        "ORDER BY l.InvoiceLineId");
    struct source_query query = kit_query(&kit, &type, NULL);
    assert_int_equal(kit_count(&kit, &query), 2240);
    const struct kit_filter filters[] = {{"country", {"Brazil"}}, {NULL, {NULL}}};
    query = kit_query(&kit, &type, filters);
    assert_int_equal(kit_count(&kit, &query), 190);
    query.limit = 1;
    kit_check(&kit, &query,
              "127 T2021-04-09T00:00:00.000Z 'Admirável Gado Novo' "
              "'Cássia Eller - Sem Limite [Disc 1]' 'Cássia Eller' 'Martins' 0.99f\n");
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_owners_rows_come),
        cmocka_unit_test(columns_come_in_the_order_asked_for),
        cmocka_unit_test(every_filter_type_is_bound),
        cmocka_unit_test(the_total_is_exact_where_it_is_quick),
        cmocka_unit_test(no_rows_are_an_end_at_once_and_again),
        cmocka_unit_test(rows_may_be_closed_in_the_middle),
        cmocka_unit_test(a_query_that_never_gives_a_row_stops_within_a_second),
        cmocka_unit_test(all_rows_are_of_one_moment_while_another_writes),
        cmocka_unit_test(a_table_that_changed_since_the_start_fails_the_job),
        cmocka_unit_test(what_the_database_cannot_compute_fails_without_its_words),
        cmocka_unit_test(a_locked_database_is_worth_another_try),
        cmocka_unit_test(a_source_that_is_none_is_refused),
        cmocka_unit_test(a_damaged_database_is_told_and_not_retried),
        cmocka_unit_test(a_real_database_gives_all_its_invoice_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
