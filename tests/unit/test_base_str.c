/* SPDX-License-Identifier: Apache-2.0
 *
 * Views of text: comparing, cutting, and numbers in them.
 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void texts_are_compared_by_their_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        int order;
    } table[] = {
        {"", "", 0},     {"a", "a", 0},  {"a", "b", -1}, {"b", "a", 1},
        {"a", "ab", -1}, {"ab", "a", 1}, {"", "a", -1},  {"a", "\xC3\xA9", -1},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int order = str_compare(str_of(table[i].a), str_of(table[i].b));
        assert_int_equal((order > 0) - (order < 0), table[i].order);
        assert_int_equal(str_equal(str_of(table[i].a), str_of(table[i].b)), table[i].order == 0);
    }
    assert_true(str_equal((struct str){0}, STR(""))); /* NULL and empty are one */
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_true(str_is_empty(str_of(NULL)));
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_true(str_starts_with(STR("abc"), STR("")));
    assert_false(str_starts_with(STR("ab"), STR("abc")));
}

static void blanks_go_from_the_ends_only(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"", ""}, {" ", ""}, {"a", "a"}, {" \t\r\na b\n ", "a b"}, {"a ", "a"}, {" a", "a"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_true(str_equal(str_trim(str_of(table[i][0])), str_of(table[i][1])));
}

static void the_case_of_ascii_letters_is_the_same_in_every_locale(void **state)
{
    (void)state;
    for (const char *at = "Ii09@[`{_"; *at; at++) {
        assert_int_equal(str_lower(*at), *at == 'I' ? 'i' : *at);
        assert_int_equal(str_upper(*at), *at == 'i' ? 'I' : *at);
    }
    assert_true(str_equal_nocase(STR("with"), STR("WITH"))); /* not to strcasecmp in Turkish */
    assert_true(str_equal_nocase(STR("azAZ@[`{"), STR("AZaz@[`{")));
    assert_true(str_equal_nocase(STR(""), STR("")));
    assert_false(str_equal_nocase(STR("a"), STR("ab")));
    assert_false(str_equal_nocase(STR("@"), STR("`")));
    assert_false(str_equal_nocase(STR("[{"), STR("{[")));
    assert_false(str_equal_nocase(STR("é"), STR("É")));
    assert_true(str_contains_nocase(STR("unsigned int"), STR("INT")));
    assert_true(str_contains_nocase(STR("INTEGER"), STR("int")));
    assert_true(str_contains_nocase(STR("x"), STR("")));
    assert_false(str_contains_nocase(STR("in"), STR("INT")));
    assert_false(str_contains_nocase(STR(""), STR("INT")));
    assert_false(str_contains_nocase(STR("i nt"), STR("INT")));
}

static void parts_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *parts[4];
    } table[] = {
        {"a,,b", {"a", "", "b"}}, {"a,", {"a", ""}}, {"a", {"a"}}, {",", {"", ""}}, {"", {""}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str rest = str_of(table[i].text);
        struct str part;
        size_t count = 0;
        while (str_next(&rest, ',', &part)) {
            assert_non_null(table[i].parts[count]);
            assert_true(str_equal(part, str_of(table[i].parts[count++])));
        }
        assert_null(table[i].parts[count]);
    }
    struct str none = {0};
    struct str part;
    assert_false(str_next(&none, ',', &part));
}

static void only_whole_integers_in_range_are_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_number;
        int64_t value;
    } table[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int64_t value = 77;
        assert_int_equal(str_to_int64(str_of(table[i].text), &value), table[i].is_number);
        assert_true(value == (table[i].is_number ? table[i].value : 77));
    }
}

static void a_character_is_found_or_the_length_told(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcabc"), 'c'), 2);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find((struct str){0}, 'x'), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_compared_by_their_bytes),
        cmocka_unit_test(blanks_go_from_the_ends_only),
        cmocka_unit_test(the_case_of_ascii_letters_is_the_same_in_every_locale),
        cmocka_unit_test(parts_come_one_by_one),
        cmocka_unit_test(only_whole_integers_in_range_are_numbers),
        cmocka_unit_test(a_character_is_found_or_the_length_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
