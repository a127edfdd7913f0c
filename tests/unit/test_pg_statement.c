/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements in one round trip: all or none, prepared or not, and what is left after a failure.
 */
#include "tests/unit/pg_kit.h"

static const struct pg_statement insert = {"insert_n", "insert into n values ($1::int)", 1};
static const struct pg_statement sum = {"sum_n", "select coalesce(sum(i), 0) from n", 0};
static const struct pg_statement bad = {"bad_n", "select secret from n where i = 'x1'", 0};
static const struct pg_statement divide = {"divide_n", "select 1 / $1::int", 1};
static const struct pg_statement sleep_long = {NULL, "select pg_sleep(600)", 0};

static void make_table(void)
{
    test_database_do("drop table if exists n; create table n(i int unique deferrable initially "
                     "deferred)");
}

static void statements_of_one_call_are_one_transaction(void **state)
{
    (void)state;
    make_table();
    for (int is_preparing = 0; is_preparing < 2; is_preparing++) {
        struct pg *pg = kit_open("exportq/test", is_preparing);
        test_database_do("truncate n");
        const char *const one[] = {"1"};
        const char *const two[] = {"2"};
        const char *const none[] = {NULL};
        const char *const zero[] = {"0"};
        const struct pg_call good[] = {
            {&insert, one}, {&insert, two}, {&insert, none}, {&sum, NULL}};
        PGresult *results[COUNT_OF(good)];
        struct err err = {0};
        for (int i = 0; i < 2; i++) { /* the second time all are prepared */
            kit_must(pg_run_all(pg, good, COUNT_OF(good), KIT_MS, results, &err), &err);
            assert_string_equal(PQcmdTuples(results[0]), "1");
            assert_string_equal(PQgetvalue(results[3], 0, 0), "3");
            for (size_t k = 0; k < COUNT_OF(good); k++)
                PQclear(results[k]);
            test_database_do("truncate n");
        }
        const struct pg_call failing[] = {{&insert, one}, {&divide, zero}, {&insert, two}};
        assert_false(pg_run_all(pg, failing, COUNT_OF(failing), KIT_MS, results, &err));
        assert_int_equal(err.code, ERR_SOURCE_DATA);
        assert_string_equal(pg_error_sqlstate(pg), "22012");
        for (size_t k = 0; k < COUNT_OF(failing); k++)
            assert_null(results[k]);
        assert_false(pg_is_broken(pg));
        kit_check(pg, "select count(*) from n", "0");
        pg_close(pg);
    }
}

static void a_commit_that_is_refused_is_a_failure(void **state)
{
    (void)state;
    make_table();
    struct pg *pg = kit_open("exportq/test", true);
    const char *const one[] = {"1"};
    const struct pg_call calls[] = {{&insert, one}, {&insert, one}}; /* unique, at commit */
    PGresult *results[COUNT_OF(calls)];
    struct err err = {0};
    assert_false(pg_run_all(pg, calls, COUNT_OF(calls), KIT_MS, results, &err));
    assert_string_equal(pg_error_sqlstate(pg), "23505");
    assert_null(results[0]);
    assert_false(pg_is_broken(pg));
    kit_check(pg, "select count(*) from n", "0");
    pg_close(pg);
}

static void an_error_tells_message_place_and_sqlstate_but_no_sql(void **state)
{
    (void)state;
    make_table();
    struct pg *pg = kit_open("exportq/test", true);
    PGresult *result = NULL;
    struct err err = {0};
    assert_false(pg_run(pg, &bad, NULL, KIT_MS, &result, &err));
    assert_null(result);
    assert_int_equal(err.code, ERR_SOURCE_SCHEMA);
    assert_string_equal(pg_error_message(pg), "column \"secret\" does not exist");
    assert_int_equal(pg_error_position(pg), 8);
    assert_string_equal(pg_error_sqlstate(pg), "42703");
    assert_null(strstr(err.text, "select"));
    assert_null(strstr(err.text, "x1"));
    pg_close(pg);
}

/* As a pooler does that gives us another server connection than before. */
static void a_preparation_that_was_lost_is_mended(void **state)
{
    (void)state;
    make_table();
    struct pg *pg = kit_open("exportq/test", true);
    PGresult *result = NULL;
    struct err err = {0};
    kit_must(pg_run(pg, &sum, NULL, KIT_MS, &result, &err), &err);
    PQclear(result);
    kit_check(pg, "select count(*) from pg_prepared_statements", "1");
    kit_must(pg_do(pg, "deallocate all", KIT_MS, &err), &err);
    kit_must(pg_run(pg, &sum, NULL, KIT_MS, &result, &err), &err);
    PQclear(result);
    assert_false(pg_is_broken(pg));
    kit_check(pg, "select count(*) from pg_prepared_statements", "0"); /* sent whole from now on */
    pg_close(pg);
}

static void a_statement_that_takes_too_long_is_cancelled_and_the_connection_is_lost(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/slow", false);
    struct pg *looker = kit_open("exportq/looker", false);
    PGresult *result = NULL;
    struct err err = {0};
    int64_t begin_ms = clock_monotonic_ms();
    assert_false(pg_run(pg, &sleep_long, NULL, 200, &result, &err));
    assert_in_range(clock_monotonic_ms() - begin_ms, 190, 1500);
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    assert_true(pg_is_broken(pg));
    kit_wait(looker,
             "select count(*) from pg_stat_activity where application_name = 'exportq/slow' and "
             "state = 'active'",
             "0");
    pg_close(pg);
    pg_close(looker);
}

static void a_connections_stop_ends_whatever_waits(void **state)
{
    (void)state;
    struct stop stop;
    struct err err = {0};
    PGresult *result = NULL;
    struct pg *pg = kit_open("exportq/test", false);
    stop_init(&stop, 150);
    pg_set_stop(pg, &stop);
    assert_false(pg_run(pg, &sleep_long, NULL, PG_NO_TIMEOUT, &result, &err));
    assert_int_equal(err.code, ERR_GUARD_RAIL);
    assert_true(pg_is_broken(pg));
    pg_close(pg);
    pg = kit_open("exportq/test", false);
    stop_init(&stop, 0);
    stop_request(&stop, STOP_CANCELLED);
    pg_set_stop(pg, &stop);
    assert_false(pg_do(pg, "select pg_sleep(600)", PG_NO_TIMEOUT, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    pg_close(pg);
}

static void a_connection_that_was_cut_says_so_and_is_broken(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/cut", true);
    struct pg *looker = kit_open("exportq/looker", false);
    struct err err = {0};
    kit_check(looker,
              "select count(pg_terminate_backend(pid)) from pg_stat_activity "
              "where application_name = 'exportq/cut'",
              "1");
    kit_wait(looker, "select count(*) from pg_stat_activity where application_name = 'exportq/cut'",
             "0");
    PGresult *result = NULL;
    assert_false(pg_run(pg, &sleep_long, NULL, KIT_MS, &result, &err));
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    assert_true(pg_is_broken(pg));
    assert_false(pg_do(pg, "select 1", KIT_MS, &err));
    pg_close(pg);
    pg_close(looker);
}

static void an_open_transaction_makes_a_connection_unfit_for_others(void **state)
{
    (void)state;
    struct pg *pg = kit_open("exportq/test", false);
    struct err err = {0};
    kit_must(pg_do(pg, "begin", KIT_MS, &err), &err);
    assert_true(pg_is_broken(pg));
    assert_false(pg_do(pg, "select nonsense", KIT_MS, &err));
    assert_true(pg_is_broken(pg));
    kit_must(pg_do(pg, "rollback", KIT_MS, &err), &err);
    assert_false(pg_is_broken(pg));
    pg_close(pg);
}

static void a_description_has_columns_and_parameters_and_runs_nothing(void **state)
{
    (void)state;
    make_table();
    struct pg *pg = kit_open("exportq/test", false);
    struct err err = {0};
    PGresult *description = NULL;
    struct pg_query query = {.sql = "insert into n select $1 where $2 = 'x' returning i as x"};
    kit_must(pg_describe(pg, &query, KIT_MS, &description, &err), &err);
    assert_int_equal(PQnfields(description), 1);
    assert_string_equal(PQfname(description, 0), "x");
    assert_int_equal(PQnparams(description), 2);
    assert_int_equal(PQparamtype(description, 0), 23);
    PQclear(description);
    const Oid types[] = {20, 0};
    query = (struct pg_query){.sql = "select $1, $2::text", .value_count = 2, .types = types};
    kit_must(pg_describe(pg, &query, KIT_MS, &description, &err), &err);
    assert_int_equal(PQftype(description, 0), 20);
    PQclear(description);
    query.sql = "select\nnonsense";
    assert_false(pg_describe(pg, &query, KIT_MS, &description, &err));
    assert_int_equal(pg_error_position(pg), 8);
    assert_null(description);
    assert_false(pg_is_broken(pg));
    kit_check(pg, "select count(*) from n", "0");
    pg_close(pg);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_of_one_call_are_one_transaction),
        cmocka_unit_test(a_commit_that_is_refused_is_a_failure),
        cmocka_unit_test(an_error_tells_message_place_and_sqlstate_but_no_sql),
        cmocka_unit_test(a_preparation_that_was_lost_is_mended),
        cmocka_unit_test(a_statement_that_takes_too_long_is_cancelled_and_the_connection_is_lost),
        cmocka_unit_test(a_connections_stop_ends_whatever_waits),
        cmocka_unit_test(a_connection_that_was_cut_says_so_and_is_broken),
        cmocka_unit_test(an_open_transaction_makes_a_connection_unfit_for_others),
        cmocka_unit_test(a_description_has_columns_and_parameters_and_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
