/* SPDX-License-Identifier: Apache-2.0
 *
 * Which bytes a Range field asks for: RFC 9110, 14.
 */
#include "server/http_range.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void ranges_are_read_as_the_rfc_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        int64_t size;
        enum http_range_kind kind;
        int64_t first;
        int64_t last;
    } cases[] = {
        {"bytes=0-0", 10, RANGE_PART, 0, 0},
        {"bytes=0-9", 10, RANGE_PART, 0, 9},
        {"bytes=3-", 10, RANGE_PART, 3, 9},
        {"bytes=3-100", 10, RANGE_PART, 3, 9},
        {"bytes= 3-4 ", 10, RANGE_PART, 3, 4},
        {"bytes=-3", 10, RANGE_PART, 7, 9},
        {"bytes=-10", 10, RANGE_PART, 0, 9},
        {"bytes=-11", 10, RANGE_PART, 0, 9},
        {"bytes=10-", 10, RANGE_NEVER, 0, 0},
        {"bytes=10-12", 10, RANGE_NEVER, 0, 0},
        {"bytes=-0", 10, RANGE_NEVER, 0, 0},
        {"bytes=0-", 0, RANGE_NEVER, 0, 0},
        {"bytes=9223372036854775807-", 10, RANGE_NEVER, 0, 0},
        {"", 10, RANGE_ALL, 0, 0},
        {"bytes", 10, RANGE_ALL, 0, 0},
        {"bytes=", 10, RANGE_ALL, 0, 0},
        {"bytes=-", 10, RANGE_ALL, 0, 0},
        {"bytes=x-3", 10, RANGE_ALL, 0, 0},
        {"bytes=3-x", 10, RANGE_ALL, 0, 0},
        {"bytes=4-3", 10, RANGE_ALL, 0, 0},
        {"bytes=--3", 10, RANGE_ALL, 0, 0},
        {"bytes=+1-3", 10, RANGE_ALL, 0, 0},
        {"bytes=0-1,3-4", 10, RANGE_ALL, 0, 0},
        {"rows=0-1", 10, RANGE_ALL, 0, 0},
        {"bytes=99999999999999999999-", 10, RANGE_ALL, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_range range = {0, 0};
        enum http_range_kind kind = http_range_read(str_of(cases[i].field), cases[i].size, &range);
        if (kind != cases[i].kind || range.first != cases[i].first || range.last != cases[i].last)
            fail_msg("%s of %d: %d, %d to %d", cases[i].field, (int)cases[i].size, (int)kind,
                     (int)range.first, (int)range.last);
    }
}

static void a_tag_is_found_among_others(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool has_tag;
    } cases[] = {
        {"\"a\"", true}, {"W/\"a\"", true}, {"\"b\", \"a\"", true}, {"*", true},
        {"", false},     {"a", false},      {"\"b\"", false},       {"\"ab\"", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(cases[i].has_tag,
                         http_range_has_tag(str_of(cases[i].field), STR("\"a\"")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_rfc_has_them),
        cmocka_unit_test(a_tag_is_found_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
