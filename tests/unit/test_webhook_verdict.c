/* SPDX-License-Identifier: Apache-2.0
 *
 * What an answer means for a delivery, and when it is tried again.
 */
#include "webhook/verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { EXACT = 1000, LEAST = 0, MOST = 2000 };

static const int64_t second_ms = 1000;
static const int64_t hour_ms = 3600 * 1000;

static char reason[256]; /* of the outcome found last */

static struct delivery_outcome find(struct post_answer answer, int32_t attempt)
{
    const struct trial trial = {attempt, VERDICT_BASE_MS, EXACT};
    struct arena arena = {0};
    struct delivery_outcome outcome;
    verdict_find(&answer, &trial, &arena, &outcome);
    (void)snprintf(reason, sizeof reason, "%.*s", STR_ARG(outcome.reason));
    arena_done(&arena);
    outcome.reason = str_of(reason);
    return outcome;
}

static void delays_grow_over_a_bit_more_than_a_day(void **state)
{
    (void)state;
    const int64_t expected[] = {5 * second_ms, 300 * second_ms, 1800 * second_ms, 2 * hour_ms,
                                5 * hour_ms,   10 * hour_ms,    10 * hour_ms};
    int64_t sum = 0;
    for (int32_t attempt = 1; attempt < VERDICT_ATTEMPTS; attempt++) {
        int64_t delay = verdict_delay_ms(VERDICT_BASE_MS, attempt, EXACT);
        assert_int_equal(delay, expected[attempt - 1]);
        assert_int_equal(verdict_delay_ms(VERDICT_BASE_MS, attempt, LEAST), delay - delay / 10);
        assert_int_equal(verdict_delay_ms(VERDICT_BASE_MS, attempt, MOST), delay + delay / 10);
        sum += delay;
    }
    assert_in_range(sum, 24 * hour_ms, 30 * hour_ms);
    assert_int_equal(verdict_delay_ms(VERDICT_BASE_MS, VERDICT_ATTEMPTS, EXACT), -1);
    assert_int_equal(verdict_delay_ms(VERDICT_BASE_MS, VERDICT_ATTEMPTS + 5, EXACT), -1);
    assert_int_equal(verdict_delay_ms(60 * second_ms, VERDICT_ATTEMPTS - 1, EXACT), 120 * hour_ms);
}

static void any_2xx_is_success(void **state)
{
    (void)state;
    static const int statuses[] = {200, 201, 202, 204, 299};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct delivery_outcome outcome = find((struct post_answer){.status = statuses[i]}, 1);
        assert_int_equal(outcome.state, DELIVERY_DELIVERED);
        assert_int_equal(outcome.status, statuses[i]);
        assert_string_equal(reason, "");
        assert_false(outcome.is_gone);
        assert_false(outcome.is_failure);
    }
}

static void all_else_is_tried_again_until_attempts_are_used_up(void **state)
{
    (void)state;
    static const struct {
        struct post_answer answer;
        const char *reason;
    } rows[] = {
        {{.status = 0, .reason = "Timeout was reached"}, "Timeout was reached"},
        {{.status = 100}, "it answered 100"},
        {{.status = 302}, "it answered 302, and redirects are not followed"},
        {{.status = 404}, "it answered 404"},
        {{.status = 500, .retry_after_ms = 900000}, "it answered 500"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct delivery_outcome outcome = find(rows[i].answer, 1);
        assert_int_equal(outcome.state, DELIVERY_PENDING);
        assert_int_equal(outcome.delay_ms, VERDICT_BASE_MS);
        assert_true(outcome.is_failure);
        assert_string_equal(reason, rows[i].reason);
        outcome = find(rows[i].answer, VERDICT_ATTEMPTS);
        assert_int_equal(outcome.state, DELIVERY_GIVEN_UP);
        assert_false(outcome.is_gone);
        assert_string_equal(reason, rows[i].reason);
    }
}

static void who_is_gone_is_told_no_more(void **state)
{
    (void)state;
    struct delivery_outcome outcome = find((struct post_answer){.status = 410}, 1);
    assert_int_equal(outcome.state, DELIVERY_GIVEN_UP);
    assert_true(outcome.is_gone);
}

static void who_asks_for_patience_gets_it_within_bounds(void **state)
{
    (void)state;
    static const int statuses[] = {429, 503};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct post_answer answer = {.status = statuses[i], .retry_after_ms = 90 * second_ms};
        assert_int_equal(find(answer, 1).delay_ms, 90 * second_ms);
        assert_int_equal(find(answer, 2).delay_ms, 300 * second_ms); /* longer anyway */
        answer.retry_after_ms = 1000 * hour_ms;
        assert_int_equal(find(answer, 1).delay_ms, 12 * hour_ms);
        answer.retry_after_ms = 0;
        assert_int_equal(find(answer, 1).delay_ms, VERDICT_BASE_MS);
        assert_int_equal(find(answer, VERDICT_ATTEMPTS).state, DELIVERY_GIVEN_UP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow_over_a_bit_more_than_a_day),
        cmocka_unit_test(any_2xx_is_success),
        cmocka_unit_test(all_else_is_tried_again_until_attempts_are_used_up),
        cmocka_unit_test(who_is_gone_is_told_no_more),
        cmocka_unit_test(who_asks_for_patience_gets_it_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
