/* SPDX-License-Identifier: Apache-2.0
 *
 * How a query on PostgreSQL ends when it does not end by itself: nobody wants it any more, its time
 * is over, the database ends it, the connection breaks. Afterwards nothing of it is left there.
 */
#include "tests/unit/export_pg_kit.h"

#include "base/clock.h"

#include <pthread.h>

#define SHARED "-- title: T\n-- shared\n"
#define JOB    "exportq/job/0198f3a2-0000-7000-8000-000000000001"

enum { PATIENCE_MS = 10000, LOOK_MS = 5 };

static const char sleeper[] = SHARED "SELECT pg_sleep(600) AS a";
static const char endless[] = SHARED "SELECT generate_series(1, 10000000000) AS i";

/* What pg_stat_activity shows of the job's connection; other programs test on the same server. */
#define ACTIVITY \
    "from pg_stat_activity where datname = current_database() and application_name = '" JOB "'"

/* Waits until a question about the database is answered so. */
static void wait_for(struct kit *kit, const char *sql, const char *want)
{
    struct pg *pg = kit_connect();
    const struct pg_statement statement = {NULL, sql, 0};
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    for (bool is_there = false; !is_there;) {
        PGresult *result = NULL;
        kit_must(pg_run(pg, &statement, NULL, KIT_PG_MS, &result, &kit->err), &kit->err);
        const char *value = PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
        is_there = strcmp(value, want) == 0;
        if (!is_there && clock_monotonic_ms() > until_ms)
            fail_msg("%s: %s, want %s", sql, value, want);
        PQclear(result);
        if (!is_there)
            (void)nanosleep(&look, NULL);
    }
    pg_close(pg);
}

/* A query on its way in a thread of its own. */
struct running {
    struct kit *kit;
    struct export_type type;
    struct source_query query;
    struct stop stop;
    pthread_t thread;
    bool is_good;
    int64_t ended_ms;
};

static void *run(void *context)
{
    struct running *running = context;
    int64_t count = 0;
    running->is_good = kit_try_run(running->kit, &running->query, NULL, &count, NULL);
    running->ended_ms = clock_monotonic_ms();
    return NULL;
}

static void running_start(struct running *running, struct kit *kit, const char *text,
                          int64_t timeout_ms)
{
    *running = (struct running){.kit = kit, .type = kit_type(kit, text)};
    running->query = kit_query(kit, &running->type, NULL);
    running->query.job_name = STR(JOB);
    running->query.stop = &running->stop;
    stop_init(&running->stop, timeout_ms);
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
}

/* Its end: a failure, with this code. */
static void running_fails(struct running *running, enum err_code code)
{
    assert_int_equal(pthread_join(running->thread, NULL), 0);
    assert_false(running->is_good);
    if (running->kit->err.code != code)
        fail_msg("%s: %s, want %s", err_code_name(running->kit->err.code), running->kit->err.text,
                 err_code_name(code));
}

static void the_database_shows_which_job_a_query_belongs_to_and_that_it_only_reads(void **state)
{
    (void)state;
    struct kit kit;
    struct kit looker = {0};
    struct running running;
    kit_open_pg(&kit, NULL);
    running_start(&running, &kit, sleeper, 600 * 1000);
    wait_for(&looker, "select state || ' ' || (query like '%pg_sleep%') " ACTIVITY, "active true");
    stop_request(&running.stop, STOP_CANCELLED);
    running_fails(&running, ERR_CANCELLED);
    wait_for(&looker, "select count(*) " ACTIVITY, "0");

    static const struct {
        const char *sql;
        const char *want;
    } table[] = {
        {"current_setting('transaction_read_only')", "'on'\n"},
        {"current_setting('transaction_isolation')", "'repeatable read'\n"},
        {"current_setting('application_name')", "'" JOB "'\n"},
        {"current_setting('statement_timeout')", "'0'\n"},
        {"current_setting('idle_in_transaction_session_timeout')", "'0'\n"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "SELECT %s AS a", table[i].sql).ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        query.job_name = STR(JOB);
        kit_check(&kit, &query, table[i].want);
    }
    /* the connection is kept, under its own name, with nothing open */
    wait_for(&looker,
             "select count(*) from pg_stat_activity where application_name = 'exportq/source' "
             "and state = 'idle' and datname = current_database()",
             "1");
    arena_done(&looker.arena);
    kit_close(&kit);
}

static void a_cancelled_query_ends_within_a_second_and_leaves_nothing(void **state)
{
    (void)state;
    static const char *const types[] = {
        sleeper,
        endless,
        SHARED "SELECT i FROM generate_series(1, 10000000000) AS i WHERE i < 0",
        SHARED "SELECT count(*) AS n FROM generate_series(1, 10000000000) AS i",
        SHARED "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n",
    };
    struct kit looker = {0};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct kit kit;
        struct running running;
        kit_open_pg(&kit, NULL);
        running_start(&running, &kit, types[i], 0);
        wait_for(&looker,
                 "select state " ACTIVITY " and query not like 'explain%' "
                 "and query like '%SELECT%'",
                 "active");
        int64_t begin_ms = clock_monotonic_ms();
        stop_request(&running.stop, STOP_CANCELLED);
        running_fails(&running, ERR_CANCELLED);
        assert_true(running.ended_ms - begin_ms < 1000);
        wait_for(&looker, "select count(*) " ACTIVITY, "0");
        assert_true(clock_monotonic_ms() - begin_ms < 2000);
        kit_close(&kit);
    }
    arena_done(&looker.arena);
}

static void rows_may_be_closed_in_the_middle_and_leave_nothing(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type = kit_type(&kit, endless);
    struct source_query query = kit_query(&kit, &type, NULL);
    query.job_name = STR(JOB);
    struct rows *rows = NULL;
    kit_must(source_query(kit.source, &query, &rows, &kit.err), &kit.err);
    struct batch batch;
    batch_init(&batch, type.column_count);
    kit_must(rows_next(rows, &batch, &kit.err), &kit.err);
    assert_int_equal(batch.row_count, BATCH_ROWS);
    rows_close(rows);
    rows_close(NULL);
    batch_done(&batch);
    wait_for(&kit, "select count(*) " ACTIVITY, "0");
    kit_close(&kit);
}

static void a_query_whose_time_is_over_is_a_guard_rail(void **state)
{
    (void)state;
    struct kit kit;
    struct kit looker = {0};
    kit_open_pg(&kit, NULL);
    static const char *const types[] = {sleeper, endless};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct running running;
        int64_t begin_ms = clock_monotonic_ms();
        running_start(&running, &kit, types[i], 300);
        running_fails(&running, ERR_GUARD_RAIL);
        assert_true(running.ended_ms - begin_ms < 1300);
        assert_non_null(strstr(kit.err.text, "EXPORT_JOB_TIMEOUT"));
        wait_for(&looker, "select count(*) " ACTIVITY, "0");
    }
    arena_done(&looker.arena);
    kit_close(&kit);
}

/* Should this process hang, the database knows the time too. */
static void the_database_is_told_how_much_time_is_left(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type = kit_type(
        &kit, SHARED "SELECT extract(epoch FROM current_setting('statement_timeout')::interval) "
                     "BETWEEN 30 AND 61 AS a");
    struct source_query query = kit_query(&kit, &type, NULL);
    struct stop stop;
    stop_init(&stop, 60 * 1000);
    query.stop = &stop;
    kit_check(&kit, &query, "true\n");
    kit_close(&kit);
}

static void what_the_database_ends_is_told_apart_by_cause(void **state)
{
    (void)state;
    static const struct {
        const char *by; /* done to the sleeping query from outside */
        enum err_code code;
    } table[] = {
        {"select pg_cancel_backend(pid) " ACTIVITY, ERR_SOURCE_UNAVAILABLE},
        {"select pg_terminate_backend(pid) " ACTIVITY, ERR_SOURCE_UNAVAILABLE},
    };
    struct kit kit;
    struct kit looker = {0};
    kit_open_pg(&kit, NULL);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct running running;
        running_start(&running, &kit, sleeper, 0);
        wait_for(&looker, "select state " ACTIVITY " and query like 'SELECT pg_sleep%'", "active");
        test_database_do(table[i].by);
        running_fails(&running, table[i].code);
        assert_true(err_code_is_retryable(kit.err.code));
        assert_null(strstr(kit.err.text, "SELECT"));
        wait_for(&looker, "select count(*) " ACTIVITY, "0");
    }
    /* the next finds a connection */
    struct export_type type = kit_type(&kit, SHARED "SELECT 1 AS a");
    struct source_query query = kit_query(&kit, &type, NULL);
    kit_check(&kit, &query, "1\n");
    arena_done(&looker.arena);
    kit_close(&kit);
}

static void an_idle_connection_that_the_database_closed_is_not_used_again(void **state)
{
    (void)state;
    struct kit kit;
    kit_open_pg(&kit, NULL);
    struct export_type type = kit_type(&kit, SHARED "SELECT 1 AS a");
    struct source_query query = kit_query(&kit, &type, NULL);
    static const char of_source[] =
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where application_name = 'exportq/source' and datname = current_database()";
    assert_string_equal(kit_ask(&kit, of_source), "1");
    wait_for(&kit, of_source, "0");
    kit_check(&kit, &query, "1\n");
    kit_close(&kit);
}

static void what_the_database_cannot_compute_fails_without_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum err_code code;
    } table[] = {
        {"SELECT 10 / (i - 500) AS a FROM generate_series(1, 1000) AS i", ERR_SOURCE_DATA},
        {"SELECT ('secret' || i)::int AS a FROM generate_series(1, 2) AS i", ERR_SOURCE_DATA},
        {"SELECT (SELECT i FROM generate_series(1, i)) AS a FROM generate_series(1, 2) AS i",
         ERR_SOURCE_DATA},
        {"SELECT odd(i) AS a FROM generate_series(1, 2) AS i", ERR_SOURCE_DATA},
        {"SELECT nextval('numbers') AS a", ERR_SOURCE_SCHEMA}, /* it writes */
    };
    struct kit kit;
    kit_open_pg(&kit, "create sequence numbers; create function odd(int) returns int language "
                      "plpgsql as 'begin raise ''secret''; end'");
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct export_type type =
            kit_type(&kit, arena_printf(&kit.arena, SHARED "%s", table[i].sql).ptr);
        struct source_query query = kit_query(&kit, &type, NULL);
        int64_t count = 0;
        assert_false(kit_try_run(&kit, &query, NULL, &count, NULL));
        assert_string_equal(err_code_name(kit.err.code), err_code_name(table[i].code));
        assert_false(err_code_is_retryable(kit.err.code));
        assert_null(strstr(kit.err.text, "secret"));
        assert_null(strstr(kit.err.text, "SELECT"));
    }
    kit_close(&kit);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_database_shows_which_job_a_query_belongs_to_and_that_it_only_reads),
        cmocka_unit_test(a_cancelled_query_ends_within_a_second_and_leaves_nothing),
        cmocka_unit_test(rows_may_be_closed_in_the_middle_and_leave_nothing),
        cmocka_unit_test(a_query_whose_time_is_over_is_a_guard_rail),
        cmocka_unit_test(the_database_is_told_how_much_time_is_left),
        cmocka_unit_test(what_the_database_ends_is_told_apart_by_cause),
        cmocka_unit_test(an_idle_connection_that_the_database_closed_is_not_used_again),
        cmocka_unit_test(what_the_database_cannot_compute_fails_without_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
