/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as values: text, field, and the table of codes.
 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void telling_replaces_and_says_false(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set_field(&err, "filters[1].values", "bad %s", "value"));
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.field, "filters[1].values");
    assert_string_equal(err.text, "bad value");
    assert_false(err_set(&err, ERR_LIMIT, "%d jobs", 5));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.text, "5 jobs");
    assert_string_equal(err.field, "");
    assert_false(err_retry_after(&err, 1500));
    assert_int_equal(err.retry_after_ms, 1500);
    assert_int_equal(err.code, ERR_LIMIT);
}

static void a_text_can_be_made_of_itself(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_INTERNAL, "cause"));
    assert_false(err_set(&err, ERR_INTERNAL, "while writing: %s", err.text));
    assert_string_equal(err.text, "while writing: cause");
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    for (int pad = 0; pad < 4; pad++) {
        char text[ERR_TEXT_SIZE * 2];
        memset(text, 'x', (size_t)pad);
        for (size_t at = (size_t)pad; at + 4 < sizeof text; at += 4)
            memcpy(text + at, "\xF0\x9F\x98\x80", 5);
        struct err err = {0};
        assert_false(err_set(&err, ERR_INVALID, "%s", text));
        size_t len = strlen(err.text);
        assert_in_range(len, ERR_TEXT_SIZE - 5, ERR_TEXT_SIZE - 1);
        assert_int_equal((len - (size_t)pad) % 4, 0);
    }
}

static void every_code_has_one_name(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        const char *name = err_code_name((enum err_code)code);
        assert_non_null(name);
        assert_int_equal(err_code_from_name(name), code);
    }
    assert_int_equal(err_code_from_name("NO_SUCH"), ERR_INTERNAL);
}

static void what_may_pass_by_itself_is_tried_again(void **state)
{
    (void)state;
    static const enum err_code retryable[] = {
        ERR_UNAVAILABLE,     ERR_INTERNAL,          ERR_SOURCE_UNAVAILABLE,
        ERR_SOURCE_CONFLICT, ERR_STORE_UNAVAILABLE, ERR_WORKER_LOST,
    };
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        bool is_listed = false;
        for (size_t i = 0; i < COUNT_OF(retryable); i++)
            is_listed = is_listed || (int)retryable[i] == code;
        assert_int_equal(err_code_is_retryable((enum err_code)code), is_listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telling_replaces_and_says_false),
        cmocka_unit_test(a_text_can_be_made_of_itself),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(every_code_has_one_name),
        cmocka_unit_test(what_may_pass_by_itself_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
