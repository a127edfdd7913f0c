/* SPDX-License-Identifier: Apache-2.0
 *
 * Which traceparent headers are believed: those of the specification, and none beside.
 */
#include "base/trace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS  "00000000000000000000000000000000"

static void what_the_specification_allows_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *read;
    } table[] = {
        {"00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01"},
        {"00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00"},
        {"00-" TRACE "-" PARENT "-03", "00-" TRACE "-" PARENT "-03"},
        {"00-" TRACE "-" PARENT "-ff", "00-" TRACE "-" PARENT "-ff"},
        {"01-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01"},
        {"cc-" TRACE "-" PARENT "-0b-what-comes", "00-" TRACE "-" PARENT "-01"},
        {"cc-" TRACE "-" PARENT "-0a-", "00-" TRACE "-" PARENT "-00"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char out[TRACE_PARENT_LEN + 1] = "";
        assert_true(trace_parent_read(str_of(table[i].header), out));
        assert_string_equal(out, table[i].read);
        assert_true(str_equal(trace_id_of(str_of(out)), STR(TRACE)));
    }
}

static void all_else_is_ignored(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "00",
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01-more",
        "00-" TRACE "-" PARENT "-01 ",
        " 00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-0g",
        "00-" TRACE "-" PARENT "-0A",
        "ff-" TRACE "-" PARENT "-01",
        "0-" TRACE "-" PARENT "-01xx",
        "0G-" TRACE "-" PARENT "-01",
        "cc-" TRACE "-" PARENT "-01.more",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" ZEROS "-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-0" PARENT "-01",
        "00-" TRACE "-" PARENT "-01\n",
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char out[TRACE_PARENT_LEN + 1] = "untouched";
        if (trace_parent_read(str_of(table[i]), out))
            fail_msg("<%s> was read", table[i]);
        assert_string_equal(out, "untouched");
    }
    assert_true(str_is_empty(trace_id_of((struct str){0})));
}

static void a_nul_is_no_hex_digit(void **state)
{
    (void)state;
    char header[] = "00-" TRACE "-" PARENT "-01";
    char out[TRACE_PARENT_LEN + 1];
    for (size_t i = 0; i < sizeof header - 1; i++) {
        char kept = header[i];
        header[i] = '\0';
        assert_false(trace_parent_read((struct str){header, sizeof header - 1}, out));
        header[i] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_specification_allows_is_read),
        cmocka_unit_test(all_else_is_ignored),
        cmocka_unit_test(a_nul_is_no_hex_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
