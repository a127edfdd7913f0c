/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a caller writes to what is bound: every filter type with good values and bad ones.
 */
#include "export/filter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct str choices[] = {{"OPEN", 4}, {"CLOSED", 6}};

static struct filter filter_of(enum filter_type type)
{
    return (struct filter){
        .name = STR("f"), .type = type, .choices = choices, .choice_count = COUNT_OF(choices)};
}

/* Parses one value. */
static bool parse(struct arena *arena, enum filter_type type, struct str value,
                  struct filter_value *out, struct err *err)
{
    struct filter *filter = arena_alloc(arena, sizeof *filter);
    *filter = filter_of(type);
    *err = (struct err){0};
    return filter_parse(filter, "filters[0].values", &value, 1, arena, out, err);
}

static void times_become_the_text_databases_keep_and_its_end(void **state)
{
    (void)state;
    static const struct {
        enum filter_type type;
        const char *value;
        const char *text;
        const char *end_text;
    } table[] = {
        {FILTER_DATE, "2025-08-31", "2025-08-31", "2025-09-01"},
        {FILTER_DATE, "2024-02-28", "2024-02-28", "2024-02-29"},
        {FILTER_DATE, "0001-01-01", "0001-01-01", "0001-01-02"},
        {FILTER_DATE, "9999-12-31", "9999-12-31", "infinity"},
        {FILTER_TIMESTAMP, "2025-08-31", "2025-08-31", "2025-09-01"},
        {FILTER_TIMESTAMP, "2025-08-31T12:00:00Z", "2025-08-31 12:00:00.000",
         "2025-08-31 12:00:00.000001"},
        {FILTER_TIMESTAMP, "2025-08-31 12:00:00.123456+02:00", "2025-08-31 10:00:00.123456",
         "2025-08-31 10:00:00.123457"},
        {FILTER_TIMESTAMP, "2025-08-31T23:59:59.999999Z", "2025-08-31 23:59:59.999999",
         "2025-09-01 00:00:00.000"},
        {FILTER_TIMESTAMP, "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999", "infinity"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct filter_value value;
        struct err err;
        assert_true(parse(&arena, table[i].type, str_of(table[i].value), &value, &err));
        assert_string_equal(value.text.ptr, table[i].text);
        assert_string_equal(value.end_text.ptr, table[i].end_text);
    }
    arena_done(&arena);
}

static void other_values_become_what_they_say(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct filter_value value;
    struct err err;
    assert_true(parse(&arena, FILTER_TEXT, STR(""), &value, &err));
    assert_int_equal(value.text.len, 0);
    assert_non_null(value.filter);
    assert_true(parse(&arena, FILTER_TEXT, STR("a'; DROP TABLE x --"), &value, &err));
    assert_true(str_equal(value.text, STR("a'; DROP TABLE x --")));
    assert_true(parse(&arena, FILTER_ENUM, STR("CLOSED"), &value, &err));
    assert_true(str_equal(value.text, STR("CLOSED")));
    assert_true(parse(&arena, FILTER_INTEGER, STR("-9223372036854775808"), &value, &err));
    assert_true(value.integer == INT64_MIN);
    assert_true(parse(&arena, FILTER_NUMBER, STR("-1.5e3"), &value, &err));
    assert_true(value.number > -1500.1 && value.number < -1499.9);
    assert_true(parse(&arena, FILTER_BOOLEAN, STR("true"), &value, &err));
    assert_int_equal(value.integer, 1);
    assert_true(parse(&arena, FILTER_BOOLEAN, STR("false"), &value, &err));
    assert_int_equal(value.integer, 0);
    arena_done(&arena);
}

static void a_bad_value_is_told_with_what_would_be_accepted(void **state)
{
    (void)state;
    static const struct {
        enum filter_type type;
        struct str value;
        const char *want;
    } table[] = {
        {FILTER_TEXT, {"a\xFF", 2}, "filter f: \"a…\" is not UTF-8 text without NUL"},
        {FILTER_TEXT, {"a\0b", 3}, "filter f: \"a?b\" is not UTF-8 text without NUL"},
        {FILTER_ENUM, {"open", 4}, "filter f: \"open\" is not one of OPEN, CLOSED"},
        {FILTER_ENUM, {"", 0}, "filter f: \"\" is not one of OPEN, CLOSED"},
        {FILTER_INTEGER, {"1.0", 3}, "filter f: \"1.0\" is not a whole number"},
        {FILTER_INTEGER, {"9223372036854775808", 19}, "filter f: \"9223372036854775808\" is not"},
        {FILTER_INTEGER, {" 1", 2}, "filter f: \" 1\" is not a whole number"},
        {FILTER_NUMBER, {"1,5", 3}, "filter f: \"1,5\" is not a number"},
        {FILTER_NUMBER, {"NaN", 3}, "filter f: \"NaN\" is not a number"},
        {FILTER_NUMBER, {"1e999", 5}, "filter f: \"1e999\" is not a number"},
        {FILTER_BOOLEAN, {"1", 1}, "filter f: \"1\" is not true or false"},
        {FILTER_BOOLEAN, {"True", 4}, "filter f: \"True\" is not true or false"},
        {FILTER_DATE, {"2025-02-29", 10}, "filter f: \"2025-02-29\" is not a date, such as"},
        {FILTER_DATE, {"2025-08-31T00:00:00Z", 20}, "filter f: \"2025-08-31T00:00:00Z\" is not a"},
        {FILTER_DATE, {"31.08.2025", 10}, "filter f: \"31.08.2025\" is not a date"},
        {FILTER_TIMESTAMP, {"yesterday", 9}, "filter f: \"yesterday\" is not a time in RFC 3339"},
        {FILTER_TIMESTAMP, {"0001-01-01T00:00:00+01:00", 25}, "filter f: \"0001-01-01T00:00:00+"},
        {FILTER_TIMESTAMP, {"9999-12-31T23:30:00-01:00", 25}, "filter f: \"9999-12-31T23:30:00-"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct filter_value value;
        struct err err;
        assert_false(parse(&arena, table[i].type, table[i].value, &value, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, "filters[0].values");
        if (!str_starts_with(str_of(err.text), str_of(table[i].want)))
            fail_msg("told: %s\nwant: %s", err.text, table[i].want);
    }
    arena_done(&arena);
}

static void a_long_value_is_refused_and_shown_in_part(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct filter_value value;
    struct err err;
    char text[FILTER_MAX_VALUE_BYTES + 1];
    memset(text, 'x', sizeof text);
    assert_true(parse(&arena, FILTER_TEXT, (struct str){text, sizeof text - 1}, &value, &err));
    assert_false(parse(&arena, FILTER_TEXT, (struct str){text, sizeof text}, &value, &err));
    assert_string_equal(err.text, "filter f: a value of 1025 bytes; at most 1024 are accepted");
    assert_false(parse(&arena, FILTER_DATE, (struct str){text, sizeof text - 1}, &value, &err));
    assert_true(strlen(err.text) < 140);
    arena_done(&arena);
}

static void a_list_takes_many_values_and_names_the_bad_one(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct filter filter = filter_of(FILTER_TEXT_LIST);
    struct filter_value value;
    struct err err = {0};
    struct str *many = arena_alloc_array(&arena, FILTER_MAX_VALUES + 1, sizeof *many);
    for (size_t i = 0; i <= FILTER_MAX_VALUES; i++)
        many[i] = STR("v");
    assert_true(filter_parse(&filter, "f", many, FILTER_MAX_VALUES, &arena, &value, &err));
    assert_int_equal(value.list_count, FILTER_MAX_VALUES);
    assert_true(str_equal(value.list[999], STR("v")));
    assert_false(filter_parse(&filter, "f", many, FILTER_MAX_VALUES + 1, &arena, &value, &err));
    assert_string_equal(err.text, "filter f: 1001 values; 1 to 1000 are accepted");
    assert_false(filter_parse(&filter, "f", many, 0, &arena, &value, &err));
    many[3] = STR("\xC0");
    assert_false(filter_parse(&filter, "filters[1].values", many, 5, &arena, &value, &err));
    assert_string_equal(err.field, "filters[1].values[3]");
    arena_done(&arena);
}

static void other_filters_take_exactly_one_value(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct filter filter = filter_of(FILTER_TEXT);
    struct filter_value value;
    struct err err = {0};
    const struct str two[] = {STR("a"), STR("b")};
    assert_false(filter_parse(&filter, "filters[2].values", two, 2, &arena, &value, &err));
    assert_string_equal(err.text, "filter f: 2 values; exactly one is accepted");
    assert_string_equal(err.field, "filters[2].values");
    assert_false(filter_parse(&filter, "filters[2].values", two, 0, &arena, &value, &err));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_become_the_text_databases_keep_and_its_end),
        cmocka_unit_test(other_values_become_what_they_say),
        cmocka_unit_test(a_bad_value_is_told_with_what_would_be_accepted),
        cmocka_unit_test(a_long_value_is_refused_and_shown_in_part),
        cmocka_unit_test(a_list_takes_many_values_and_names_the_bad_one),
        cmocka_unit_test(other_filters_take_exactly_one_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
