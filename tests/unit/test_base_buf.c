/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that grow up to their maximum and remember what was too much.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void adds_gather_and_end_in_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_null(buf.ptr);
    buf_add_text(&buf, "ab");
    buf_add_char(&buf, 'c');
    buf_add_str(&buf, STR("de"));
    buf_add(&buf, NULL, 0);
    buf_printf(&buf, "%d-%s", 42, "x");
    char *room = buf_reserve(&buf, 10);
    assert_non_null(room);
    room[0] = 'y';
    room[1] = 'z';
    buf_commit(&buf, 2);
    assert_string_equal(buf.ptr, "abcde42-xyz");
    assert_int_equal(buf.len, 11);
    assert_true(buf_is_ok(&buf));
    buf_clear(&buf);
    assert_int_equal(buf_str(&buf).len, 0);
    buf_done(&buf);
    buf_done(&buf); /* twice is fine */
}

static void an_add_beyond_the_maximum_is_dropped_whole_and_told(void **state)
{
    (void)state;
    for (size_t max = 0; max <= 300; max += 37) {
        struct buf buf;
        buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            buf_add_char(&buf, 'x');
        assert_true(buf_is_ok(&buf));
        assert_int_equal(buf.len, max);
        buf_add_text(&buf, "y");
        assert_false(buf_is_ok(&buf));
        assert_int_equal(buf.len, max);
        assert_null(buf_reserve(&buf, 0)); /* nothing more until it is cleared */
        buf_printf(&buf, "%d", 1);
        assert_int_equal(buf.len, max);
        buf_clear(&buf);
        assert_true(buf_is_ok(&buf));
        buf_done(&buf);
    }
}

static void a_zeroed_buffer_can_be_freed(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_done(&buf);
    buf_add_char(&buf, 'x'); /* its maximum is nothing */
    assert_false(buf_is_ok(&buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_gather_and_end_in_nul),
        cmocka_unit_test(an_add_beyond_the_maximum_is_dropped_whole_and_told),
        cmocka_unit_test(a_zeroed_buffer_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
