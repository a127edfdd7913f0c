/* SPDX-License-Identifier: Apache-2.0
 *
 * When a failed attempt is tried again.
 */
#include "queue/retry.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static void the_delay_doubles_up_to_its_cap(void **state)
{
    (void)state;
    static const struct {
        int64_t base_ms;
        int64_t cap_ms;
        int32_t attempt;
        int64_t delay_ms;
    } table[] = {
        {500, 30000, 1, 1000},
        {500, 30000, 2, 2000},
        {500, 30000, 3, 4000},
        {500, 30000, 4, 8000},
        {500, 30000, 5, 16000},
        {500, 30000, 6, 30000},
        {500, 30000, 7, 30000},
        {500, 30000, 1000000, 30000},
        {1, 1, 1, 1},
        {30000, 30000, 1, 30000},
        {40000, 30000, 1, 30000},
        {1, DAY_MS, 20, 1048576},
        {DAY_MS, DAY_MS, 3, DAY_MS},
        {1, INT64_MAX, 62, INT64_MAX / 2 + 1},
        {1, INT64_MAX, 63, INT64_MAX},
        {1, INT64_MAX, 1000, INT64_MAX},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct retry_policy policy = {
            .max_attempts = 3, .base_ms = table[i].base_ms, .cap_ms = table[i].cap_ms};
        for (uint32_t random = 0; random < 5; random++)
            assert_int_equal(retry_delay_ms(&policy, table[i].attempt, random * 1000003U),
                             table[i].delay_ms);
    }
}

static void jitter_spreads_the_delay_evenly_within_its_bounds(void **state)
{
    (void)state;
    enum { ROUNDS = 100000 };
    struct retry_policy policy = {
        .max_attempts = 3, .base_ms = 500, .cap_ms = 30000, .jitter_percent = 10};
    int64_t least = INT64_MAX;
    int64_t most = 0;
    int64_t sum = 0;
    uint32_t random = 1;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1664525U + 1013904223U;
        int64_t delay = retry_delay_ms(&policy, 1, random);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
        sum += delay;
    }
    assert_int_equal(least, 900);
    assert_int_equal(most, 1100);
    assert_in_range(sum / ROUNDS, 995, 1005);
}

static void jitter_holds_for_the_longest_delays(void **state)
{
    (void)state;
    struct retry_policy policy = {
        .max_attempts = 3, .base_ms = 1, .cap_ms = DAY_MS, .jitter_percent = 50};
    for (uint32_t random = 0; random < 4000; random++)
        assert_in_range(retry_delay_ms(&policy, 60, random), DAY_MS / 2, DAY_MS + DAY_MS / 2);
}

static void only_what_can_work_is_tried_again_and_not_for_ever(void **state)
{
    (void)state;
    static const struct {
        int32_t attempt;
        int32_t max_attempts;
        enum err_code code;
        bool is_due;
    } table[] = {
        {1, 3, ERR_SOURCE_UNAVAILABLE, true},
        {2, 3, ERR_SOURCE_UNAVAILABLE, true},
        {3, 3, ERR_SOURCE_UNAVAILABLE, false},
        {3, 4, ERR_SOURCE_UNAVAILABLE, true}, /* the job's own number */
        {1, 1, ERR_SOURCE_UNAVAILABLE, false},
        {4, 3, ERR_SOURCE_UNAVAILABLE, false},
        {1, 3, ERR_SOURCE_CONFLICT, true},
        {1, 3, ERR_STORE_UNAVAILABLE, true},
        {1, 3, ERR_WORKER_LOST, true},
        {3, 3, ERR_WORKER_LOST, false},
        {1, 3, ERR_SOURCE_SCHEMA, false},
        {1, 3, ERR_SOURCE_DATA, false},
        {1, 3, ERR_SOURCE_DENIED, false},
        {1, 3, ERR_GUARD_RAIL, false},
        {1, 3, ERR_FORMAT_LIMIT, false},
        {1, 3, ERR_STORE_DENIED, false},
        {1, 3, ERR_INVALID, false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(retry_is_due(table[i].attempt, table[i].max_attempts, table[i].code),
                         table[i].is_due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_delay_doubles_up_to_its_cap),
        cmocka_unit_test(jitter_spreads_the_delay_evenly_within_its_bounds),
        cmocka_unit_test(jitter_holds_for_the_longest_delays),
        cmocka_unit_test(only_what_can_work_is_tried_again_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
