/* SPDX-License-Identifier: Apache-2.0
 *
 * A few lines a second, and none that is not counted.
 */
#include "base/log_rate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void each_second_a_few_lines_pass_and_the_rest_is_counted(void **state)
{
    (void)state;
    struct log_rate rate = {0};
    unsigned left_out = 7;
    for (int64_t ms = 0; ms < 3000; ms += 1000) {
        assert_true(log_rate_allows(&rate, 2, ms, &left_out));
        assert_int_equal(left_out, ms ? 3 : 0);
        assert_true(log_rate_allows(&rate, 2, ms + 1, &left_out));
        assert_int_equal(left_out, 0);
        for (int i = 0; i < 3; i++)
            assert_false(log_rate_allows(&rate, 2, ms + 999, &left_out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_second_a_few_lines_pass_and_the_rest_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
