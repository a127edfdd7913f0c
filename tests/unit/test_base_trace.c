/* SPDX-License-Identifier: Apache-2.0
 *
 * Which traceparent headers are believed: those of the specification, and none beside.
 */
#include "base/trace.h"

#include "base/buf.h"

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

/* Expects what is kept; NULL: nothing. */
static void expect_state(struct str header, const char *kept)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct str state = trace_state_of(header, 1, &arena);
    if (!str_equal(state, kept ? str_of(kept) : STR("")))
        fail_msg("<%.*s> was read as <%.*s>", STR_ARG(header), STR_ARG(state));
}

static void a_well_formed_tracestate_is_kept_in_its_order(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *kept;
    } table[] = {
        {"congo=t61rcWkgMzE", "congo=t61rcWkgMzE"},
        {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
        {" a=1 ,\t b=2\t", "a=1,b=2"},
        {",a=1,, ,b=2,", "a=1,b=2"},
        {"fw529a3039@dt=FfAAAAEAAA==", NULL},
        {"fw529a3039@dt=FfAAAAE!~ x", "fw529a3039@dt=FfAAAAE!~ x"},
        {"0a_-*/@z=v", "0a_-*/@z=v"},
        {"a= 1", "a= 1"},
        {"", NULL},
        {" , ,", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        expect_state(str_of(table[i].header), table[i].kept);
}

static void of_a_damaged_tracestate_nothing_is_kept(void **state)
{
    (void)state;
    static const char *const table[] = {
        "a",           "a=",     "=1",         "a=1,b",          "A=1",
        "_a=1",        "a b=1",  "a=1;b=\x7f", "a=1,b=\xc3\xa9", "a==1",
        "a=1,b=2,a=3", "a=1\n2",
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        expect_state(str_of(table[i]), NULL);
    expect_state((struct str){"a=1\0", 4}, NULL);
    expect_state((struct str){"a\0b=1", 5}, NULL);
}

/* `count` members of the length 4, each with a key of its own. */
static struct str members(struct buf *out, size_t count)
{
    buf_init(out, TRACE_STATE_MAX * 2);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%c%c=1", i ? "," : "", (int)('a' + i / 26), (int)('a' + i % 26));
    return buf_str(out);
}

static void what_is_longer_than_it_may_be_is_not_kept(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    struct str list = members(&text, 32);
    expect_state(list, text.ptr);
    buf_done(&text);
    expect_state(members(&text, 33), NULL);
    buf_clear(&text);
    static const struct {
        size_t key;
        size_t value;
        bool is_kept;
    } cases[] = {
        {256, 255, true}, {255, 256, true}, {256, 256, false}, {257, 1, false}, {1, 257, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&text);
        for (size_t at = 0; at < cases[i].key; at++)
            buf_add_char(&text, 'k');
        buf_add_char(&text, '=');
        for (size_t at = 0; at < cases[i].value; at++)
            buf_add_char(&text, 'v');
        expect_state(buf_str(&text), cases[i].is_kept ? text.ptr : NULL);
    }
}

static void of_several_tracestates_none_is_taken(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    assert_true(str_is_empty(trace_state_of(STR("a=1"), 2, &arena)));
    assert_true(str_is_empty(trace_state_of((struct str){0}, 0, &arena)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_specification_allows_is_read),
        cmocka_unit_test(all_else_is_ignored),
        cmocka_unit_test(a_nul_is_no_hex_digit),
        cmocka_unit_test(a_well_formed_tracestate_is_kept_in_its_order),
        cmocka_unit_test(of_a_damaged_tracestate_nothing_is_kept),
        cmocka_unit_test(what_is_longer_than_it_may_be_is_not_kept),
        cmocka_unit_test(of_several_tracestates_none_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
