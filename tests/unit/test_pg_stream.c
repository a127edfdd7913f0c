/* SPDX-License-Identifier: Apache-2.0
 *
 * A result row by row, and notifications.
 */
#include "tests/unit/pg_kit.h"

#include <unistd.h>

#define ACTIVE                                                                         \
    "select count(*) from pg_stat_activity where application_name = 'exportq/stream' " \
    "and state = 'active'"

static int64_t read_all(struct pg *pg, bool *out_is_good, struct err *err)
{
    int64_t count = 0;
    PGresult *row = NULL;
    while ((*out_is_good = pg_next(pg, &row, err)) && row) {
        count++;
        PQclear(row);
    }
    return count;
}

static void rows_come_one_by_one_with_their_values(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/stream", false);
    struct err err = {0};
    const char *const values[] = {"100000", NULL};
    const Oid types[] = {23, 25};
    const struct pg_query query = {.sql = "select generate_series(1, $1), $2 is null",
                                   .value_count = 2,
                                   .types = types,
                                   .values = values};
    kit_must(pg_start(pg, &query, &err), &err);
    PGresult *row = NULL;
    kit_must(pg_next(pg, &row, &err), &err);
    assert_int_equal(PQntuples(row), 1);
    assert_string_equal(PQgetvalue(row, 0, 0), "1");
    assert_string_equal(PQgetvalue(row, 0, 1), "t");
    PQclear(row);
    assert_true(pg_is_broken(pg)); /* for others, until it is finished */
    bool is_good = false;
    assert_int_equal(read_all(pg, &is_good, &err), 99999);
    kit_must(is_good, &err);
    pg_finish(pg);
    assert_false(pg_is_broken(pg));
    kit_check(pg, "select 1", "1");
    pg_close(pg);
}

static void a_query_left_in_the_middle_is_cancelled_and_the_connection_lives(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/stream", false);
    struct pg *looker = kit_open("exportq/looker", false);
    struct err err = {0};
    const struct pg_query query = {.sql = "select generate_series(1, 10000000000)"};
    kit_must(pg_start(pg, &query, &err), &err);
    PGresult *row = NULL;
    kit_must(pg_next(pg, &row, &err), &err);
    PQclear(row);
    kit_wait(looker, ACTIVE, "1");
    pg_finish(pg);
    kit_wait(looker, ACTIVE, "0");
    kit_check(pg, "select 1", "1");
    pg_close(pg);
    pg_close(looker);
}

static void closing_ends_what_runs(void **state)
{
    (void)state;
    struct pg *looker = kit_open("exportq/looker", false);
    static const char *const sqls[] = {"select generate_series(1, 10000000000)",
                                       "select pg_sleep(600)"};
    for (size_t i = 0; i < COUNT_OF(sqls); i++) {
        struct pg *pg = kit_open("exportq/stream", false);
        struct err err = {0};
        const struct pg_query query = {.sql = sqls[i]};
        struct stop stop;
        kit_must(pg_start(pg, &query, &err), &err);
        PGresult *row = NULL;
        stop_init(&stop, 200); /* rows come without end, or none comes and it is given up */
        pg_set_stop(pg, &stop);
        do {
            PQclear(row);
            row = NULL;
        } while (stop_reason(&stop) == STOP_NONE && pg_next(pg, &row, &err) && row);
        PQclear(row);
        /* the first still runs, unless its stop came while a row was awaited: then it was cancelled
         */
        kit_wait(looker, err.code == ERR_NONE ? ACTIVE : "select 1", "1");
        pg_close(pg);
        kit_wait(looker,
                 "select count(*) from pg_stat_activity where application_name = "
                 "'exportq/stream'",
                 "0");
    }
    pg_close(looker);
}

static void an_error_in_the_middle_comes_after_the_rows_before_it(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/stream", false);
    struct err err = {0};
    const struct pg_query query = {.sql = "select 1 / (11 - i) from generate_series(1, 20) i"};
    kit_must(pg_start(pg, &query, &err), &err);
    bool is_good = true;
    assert_int_equal(read_all(pg, &is_good, &err), 10);
    assert_false(is_good);
    assert_int_equal(err.code, ERR_SOURCE_DATA);
    pg_finish(pg);
    assert_false(pg_is_broken(pg));
    kit_check(pg, "select 1", "1");
    pg_close(pg);
}

static void a_notification_is_heard_and_a_wake_up_ends_the_wait(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/listener", false);
    struct err err = {0};
    kit_must(pg_do(pg, "listen news", KIT_MS, &err), &err);
    test_database_do("notify news, 'first'; notify news, 'second'");
    static const char *const want[] = {"first", "second"};
    size_t heard = 0;
    int64_t until_ms = clock_monotonic_ms() + KIT_MS;
    while (heard < COUNT_OF(want) && clock_monotonic_ms() < until_ms) {
        kit_must(pg_wait(pg, -1, 1000, &err), &err);
        for (PGnotify *note = NULL; (note = pg_notification(pg)); heard++) {
            assert_string_equal(note->extra, heard < COUNT_OF(want) ? want[heard] : "nothing");
            PQfreemem(note);
        }
    }
    assert_int_equal(heard, COUNT_OF(want));

    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    int64_t begin_ms = clock_monotonic_ms();
    kit_must(pg_wait(pg, pipes[0], KIT_MS, &err), &err);
    assert_true(clock_monotonic_ms() - begin_ms < 1000);
    begin_ms = clock_monotonic_ms();
    kit_must(pg_wait(pg, -1, 50, &err), &err); /* and its time ends it */
    assert_in_range(clock_monotonic_ms() - begin_ms, 45, 1500);
    assert_null(pg_notification(pg));

    test_database_do("select pg_terminate_backend(pid) from pg_stat_activity "
                     "where application_name = 'exportq/listener'");
    bool is_there = true; /* the goodbye may come in two pieces */
    for (int i = 0; i < 10 && is_there; i++)
        is_there = pg_wait(pg, -1, 1000, &err);
    assert_false(is_there);
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    assert_true(pg_is_broken(pg));
    assert_int_equal(close(pipes[0]), 0);
    assert_int_equal(close(pipes[1]), 0);
    pg_close(pg);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_one_by_one_with_their_values),
        cmocka_unit_test(a_query_left_in_the_middle_is_cancelled_and_the_connection_lives),
        cmocka_unit_test(closing_ends_what_runs),
        cmocka_unit_test(an_error_in_the_middle_comes_after_the_rows_before_it),
        cmocka_unit_test(a_notification_is_heard_and_a_wake_up_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
