/* SPDX-License-Identifier: Apache-2.0
 *
 * A wish to stop: the first reason stays, the deadline is one.
 */
#include "base/stop.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { HOUR_MS = 3600000 };

static void each_reason_has_its_error(void **state)
{
    (void)state;
    static const struct {
        enum stop_reason reason;
        enum err_code code;
    } table[] = {
        {STOP_CANCELLED, ERR_CANCELLED},
        {STOP_LOST, ERR_CANCELLED},
        {STOP_DRAIN, ERR_CANCELLED},
        {STOP_TIMEOUT, ERR_GUARD_RAIL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct stop stop;
        struct err err = {0};
        stop_init(&stop, 0);
        assert_true(stop_check(&stop, &err));
        stop_request(&stop, table[i].reason);
        assert_false(stop_check(&stop, &err));
        assert_int_equal(err.code, table[i].code);
        assert_int_equal(stop_reason(&stop), table[i].reason);
    }
}

static void the_first_reason_stays(void **state)
{
    (void)state;
    struct stop stop;
    stop_init(&stop, 0);
    stop_request(&stop, STOP_CANCELLED);
    stop_request(&stop, STOP_LOST);
    assert_int_equal(stop_reason(&stop), STOP_CANCELLED);
}

static void nobody_stops_what_has_no_stop(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(stop_reason(NULL), STOP_NONE);
    assert_true(stop_check(NULL, &err));
}

static void a_deadline_that_passed_is_a_reason_unless_another_came_first(void **state)
{
    (void)state;
    struct stop stop;
    stop_init(&stop, HOUR_MS);
    assert_int_equal(stop_reason(&stop), STOP_NONE);
    stop.deadline_ms = clock_monotonic_ms(); /* now */
    assert_int_equal(stop_reason(&stop), STOP_TIMEOUT);
    stop_request(&stop, STOP_CANCELLED);
    assert_int_equal(stop_reason(&stop), STOP_TIMEOUT);

    stop_init(&stop, HOUR_MS);
    stop_request(&stop, STOP_LOST);
    stop.deadline_ms = clock_monotonic_ms();
    assert_int_equal(stop_reason(&stop), STOP_LOST);
}

static void *wish(void *stop)
{
    stop_request(stop, STOP_DRAIN);
    return NULL;
}

static void another_thread_can_wish_it(void **state)
{
    (void)state;
    struct stop stop;
    stop_init(&stop, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wish, &stop), 0);
    while (stop_reason(&stop) == STOP_NONE)
        continue;
    assert_int_equal(stop_reason(&stop), STOP_DRAIN);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_its_error),
        cmocka_unit_test(the_first_reason_stays),
        cmocka_unit_test(nobody_stops_what_has_no_stop),
        cmocka_unit_test(a_deadline_that_passed_is_a_reason_unless_another_came_first),
        cmocka_unit_test(another_thread_can_wish_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
