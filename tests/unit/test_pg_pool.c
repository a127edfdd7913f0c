/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that threads borrow: how many there are, which are lent again, and what happens while
 * the database is away.
 */
#include "pg/pool.h"

#include "tests/unit/pg_kit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAILURES = 4, LOOK_MS = 5 };

#define OURS "from pg_stat_activity where application_name = 'exportq/pool'"

static struct pg_pool *make_pool(const char *url, size_t max)
{
    const struct pg_options options = {.url = url, .application_name = "exportq/pool"};
    return pg_pool_new(&options, max);
}

static struct pg *take(struct pg_pool *pool)
{
    struct pg *pg = NULL;
    struct err err = {0};
    kit_must(pg_pool_take(pool, KIT_MS, NULL, &pg, &err), &err);
    return pg;
}

static void assert_use(struct pg_pool *pool, size_t in_use, size_t open)
{
    struct pg_pool_use use;
    pg_pool_read_use(pool, &use);
    assert_int_equal(use.in_use, in_use);
    assert_int_equal(use.open, open);
    assert_int_equal(use.most, 2);
}

static void no_more_connections_are_opened_than_allowed(void **state)
{
    (void)state;
    struct pg_pool *pool = make_pool(test_database_url(), 2);
    struct pg *looker = kit_open("exportq/looker", false);
    kit_check(looker, "select count(*) " OURS, "0"); /* none before it is wanted */
    struct pg *first = take(pool);
    struct pg *second = take(pool);
    struct pg *third = NULL;
    struct err err = {0};
    int64_t begin_ms = clock_monotonic_ms();
    assert_use(pool, 2, 2);
    assert_false(pg_pool_take(pool, 100, NULL, &third, &err));
    assert_in_range(clock_monotonic_ms() - begin_ms, 95, 1500);
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    assert_non_null(strstr(err.text, "all 2 connections"));
    pg_pool_give(pool, first);
    assert_ptr_equal(take(pool), first);
    pg_pool_give(pool, first);
    pg_pool_give(pool, second);
    kit_check(looker, "select count(*) " OURS, "2");
    assert_use(pool, 0, 2);
    pg_pool_free(pool);
    pg_pool_free(NULL);
    kit_wait(looker, "select count(*) " OURS, "0");
    pg_close(looker);
}

static void *give_when_somebody_waits(void *context)
{
    void **both = context;
    const struct timespec a_while = {.tv_nsec = 50 * 1000000L};
    (void)nanosleep(&a_while, NULL);
    pg_pool_give(both[0], both[1]);
    return NULL;
}

static void who_waits_gets_what_is_given_back(void **state)
{
    (void)state;
    struct pg_pool *pool = make_pool(test_database_url(), 1);
    struct pg *pg = take(pool);
    void *both[] = {pool, pg};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, give_when_somebody_waits, both), 0);
    assert_ptr_equal(take(pool), pg);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pg_pool_give(pool, pg);
    pg_pool_free(pool);
}

static void a_connection_is_not_lent_again_after_it_broke_or_was_left_open(void **state)
{
    (void)state;
    struct pg_pool *pool = make_pool(test_database_url(), 1);
    struct pg *looker = kit_open("exportq/looker", false);
    struct err err = {0};
    struct pg *pg = take(pool); /* in a transaction */
    kit_must(pg_do(pg, "begin", KIT_MS, &err), &err);
    pg_pool_give(pool, pg);
    kit_wait(looker, "select count(*) " OURS, "0");

    pg = take(pool); /* in a query */
    const struct pg_query query = {.sql = "select generate_series(1, 10000000000)"};
    kit_must(pg_start(pg, &query, &err), &err);
    pg_pool_give(pool, pg);
    kit_wait(looker, "select count(*) " OURS, "0");

    pg = take(pool); /* closed by the database while it was idle */
    kit_check(pg, "select 1", "1");
    pg_pool_give(pool, pg);
    kit_check(looker, "select count(pg_terminate_backend(pid)) " OURS, "1");
    kit_wait(looker, "select count(*) " OURS, "0");
    pg = take(pool);
    kit_check(pg, "select 1", "1");
    pg_pool_give(pool, pg);
    kit_check(looker, "select count(*) " OURS, "1");
    pg_pool_free(pool);
    pg_close(looker);
}

/* A port on which nobody listens, and nobody else will: it is bound. */
static int bind_port(char *url, size_t size)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(url, size, "postgres://u:secret@127.0.0.1:%d/x", ntohs(address.sin_port));
    return fd;
}

static void while_the_database_is_away_nobody_waits_for_it_in_vain(void **state)
{
    (void)state;
    char url[96];
    int fd = bind_port(url, sizeof url);
    struct pg_pool *pool = make_pool(url, 4);
    struct pg *pg = NULL;
    struct err err = {0};
    for (int i = 0; i < FAILURES; i++) { /* the delay is 100 ms · 2^n, less a quarter at most */
        int64_t until_ms = clock_monotonic_ms() + (100 << i);
        assert_false(pg_pool_take(pool, KIT_MS, NULL, &pg, &err));
        assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
        assert_null(strstr(err.text, "secret"));
        while (i + 1 < FAILURES && clock_monotonic_ms() <= until_ms)
            (void)poll(NULL, 0, LOOK_MS);
    }
    /* now somebody listens who does not answer: to be tried would take as long as a connect does */
    int64_t begin_ms = clock_monotonic_ms();
    assert_int_equal(listen(fd, 1), 0);
    assert_false(pg_pool_take(pool, KIT_MS, NULL, &pg, &err));
    assert_true(clock_monotonic_ms() - begin_ms < (100 << (FAILURES - 1)) * 3 / 4);
    /* after the delay it is tried again, for as long as the stop allows */
    while (clock_monotonic_ms() - begin_ms <= 100 << (FAILURES - 1))
        (void)poll(NULL, 0, LOOK_MS);
    struct stop stop;
    stop_init(&stop, 200);
    begin_ms = clock_monotonic_ms();
    assert_false(pg_pool_take(pool, KIT_MS, &stop, &pg, &err));
    assert_in_range(clock_monotonic_ms() - begin_ms, 150, 2000);
    assert_int_equal(err.code, ERR_GUARD_RAIL);
    assert_int_equal(close(fd), 0);
    pg_pool_free(pool);
}

static void a_server_that_does_not_answer_is_given_up_in_time(void **state)
{
    (void)state;
    char url[96];
    int fd = bind_port(url, sizeof url);
    assert_int_equal(listen(fd, 1), 0);
    const struct pg_options options = {.url = url, .application_name = "exportq/test"};
    struct pg *pg = NULL;
    struct err err = {0};
    int64_t begin_ms = clock_monotonic_ms();
    assert_false(pg_open(&options, NULL, &pg, &err));
    assert_in_range(clock_monotonic_ms() - begin_ms, PG_CONNECT_TIMEOUT_MS - 100,
                    PG_CONNECT_TIMEOUT_MS + 2000);
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    assert_int_equal(close(fd), 0);
}

/* Else the next who asks would be told that somebody cancelled it. */
static void a_wish_to_stop_while_connecting_is_nobody_elses_error(void **state)
{
    (void)state;
    char url[96];
    int silent = bind_port(url, sizeof url); /* takes connections, and says nothing */
    assert_int_equal(listen(silent, 4), 0);
    const struct pg_options options = {.url = url, .application_name = "x", .haste_ms = 200};
    struct pg_pool *pool = pg_pool_new(&options, 1);
    struct stop stop;
    struct pg *pg = NULL;
    struct err err = {0};
    stop_init(&stop, 0);
    stop_request(&stop, STOP_CANCELLED);
    assert_false(pg_pool_take(pool, KIT_MS, &stop, &pg, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    assert_false(pg_pool_take(pool, KIT_MS, NULL, &pg, &err));
    assert_int_equal(err.code, ERR_SOURCE_UNAVAILABLE);
    pg_pool_free(pool);
    (void)close(silent);
}

int main(void)
{
    if (!test_database_url())
        return TEST_IS_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_connections_are_opened_than_allowed),
        cmocka_unit_test(who_waits_gets_what_is_given_back),
        cmocka_unit_test(a_connection_is_not_lent_again_after_it_broke_or_was_left_open),
        cmocka_unit_test(while_the_database_is_away_nobody_waits_for_it_in_vain),
        cmocka_unit_test(a_server_that_does_not_answer_is_given_up_in_time),
        cmocka_unit_test(a_wish_to_stop_while_connecting_is_nobody_elses_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
