/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes from a server does not speak to the terminal.
 */
#include "client/screen.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void control_characters_are_shown_as_question_marks(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"plain text", "plain text"},
        {"two\nlines", "two\nlines"},
        {"\x1b[2Jgone\x07", "?[2Jgone?"},
        {"back\b\b\rspace\x7f\t.", "back???space??."},
        {"Z\xC3\xBCrich \xE6\x9D\xB1 \xF0\x9F\x97\xBB",
         "Z\xC3\xBCrich \xE6\x9D\xB1 \xF0\x9F\x97\xBB"},
        {"late \xC2\x9B[2J, not late \xC2\xA0", "late ?[2J, not late \xC2\xA0"},
        {"cut \xC2", "cut \xC2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf shown CLEANUP(buf_done);
        buf_init(&shown, 1024);
        screen_clean(&shown, str_of(rows[i].text));
        assert_string_equal(shown.ptr, rows[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_shown_as_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
