/* SPDX-License-Identifier: Apache-2.0
 *
 * Type files as text: what a good one says, and every mistake with its line and a reason that
 * helps.
 */
#include "base/buf.h"
#include "export/type.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TITLE "-- title: T\n"

static void a_type_file_says_all_there_is_to_a_type(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF-- # SPDX-License-Identifier: Apache-2.0\r\n"
                               "--\r\n"
                               "--- a rule\r\n"
                               "\r\n"
                               "-- title:   Trades, all \r\n"
                               "--column entryAt timestamp: Entry: when\r\n"
                               "-- column id any:\r\n"
                               "-- column x text\r\n"
                               "-- not default: notes, x\r\n"
                               "  -- filter dateFrom timestamp: From: here\r\n"
                               "-- filter status enum( OPEN , half: way,CLOSED ) : State\r\n"
                               "-- filter tags text[]: Tags\r\n"
                               "-- shared\r\n"
                               "SELECT 1 -- title: no header\r\n";
    struct arena arena = {0};
    struct export_type type;
    struct err err = {0};
    bool is_good = export_type_parse(STR("trades"), STR(text), &arena, &type, &err);
    assert_string_equal(err.text, "");
    assert_true(is_good);
    assert_true(str_equal(type.name, STR("trades")));
    assert_true(str_equal(type.title, STR("Trades, all")));
    assert_true(type.is_shared);
    assert_int_equal(type.sql_line, 14);
    assert_string_equal(type.sql.ptr, "SELECT 1 -- title: no header\r\n");

    assert_int_equal(type.note_count, 4);
    assert_int_equal(type.notes[0].type, COLUMN_TIMESTAMP);
    assert_true(str_equal(type.notes[0].title, STR("Entry: when")));
    assert_true(type.notes[0].is_default);
    assert_int_equal(type.notes[0].line, 6);
    assert_int_equal(type.notes[1].type, COLUMN_ANY);
    assert_true(str_equal(type.notes[2].name, STR("x")));
    assert_int_equal(type.notes[2].type, COLUMN_TEXT);
    assert_false(type.notes[2].is_default);
    assert_true(str_equal(type.notes[3].name, STR("notes")));
    assert_int_equal(type.notes[3].line, 9);

    assert_int_equal(type.filter_count, 3);
    assert_int_equal(type.filters[0].type, FILTER_TIMESTAMP);
    assert_true(str_equal(type.filters[0].description, STR("From: here")));
    assert_int_equal(type.filters[0].line, 10);
    assert_int_equal(type.filters[1].choice_count, 3);
    assert_true(str_equal(type.filters[1].choices[1], STR("half: way")));
    assert_true(str_equal(type.filters[1].description, STR("State")));
    assert_int_equal(type.filters[2].type, FILTER_TEXT_LIST);
    assert_ptr_equal(export_type_filter(&type, STR("tags")), &type.filters[2]);
    assert_null(export_type_filter(&type, STR("tag")));
    arena_done(&arena);
}

static void a_mistake_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* a part of the error, from its beginning */
    } table[] = {
        {"", "t.sql:1: no title"},
        {"SELECT 1", "t.sql:1: no title"},
        {TITLE, "t.sql:2: there is no SELECT"},
        {TITLE "\n-- # only comments", "t.sql:3: there is no SELECT"},
        {"-- title:\nSELECT 1", "t.sql:1: the title is empty"},
        {TITLE TITLE "SELECT 1", "t.sql:2: a second title"},
        {TITLE "-- Title: x\nSELECT 1", "t.sql:2: \"Title: x\" is unknown here"},
        {TITLE "-- filters a text: A\nSELECT 1", "t.sql:2: \"filters a text: A\" is unknown"},
        {TITLE "-- just words\nSELECT 1", "t.sql:2: \"just words\" is unknown"},
        /* filters */
        {TITLE "-- filter\nSELECT 1", "t.sql:2: \"\" is no filter name"},
        {TITLE "-- filter 1a text: A\nSELECT 1", "t.sql:2: \"1a\" is no filter name"},
        {TITLE "-- filter a-b text: A\nSELECT 1", "t.sql:2: \"a-b\" is no filter name"},
        {TITLE "-- filter a: text\nSELECT 1", "t.sql:2: \"a:\" is no filter name"},
        {TITLE "-- filter "
               "a234567890123456789012345678901234567890123456789012345678901234 text: A\n",
         "t.sql:2: \"a23456789012345678901234567890123456789012345678901234567890"},
        {TITLE "-- filter a text\nSELECT 1", "t.sql:2: filter a: write \"-- filter NAME TYPE"},
        {TITLE "-- filter a text:  \nSELECT 1", "t.sql:2: filter a: no description"},
        {TITLE "-- filter a string: A\nSELECT 1", "t.sql:2: filter a: unknown type \"string\""},
        {TITLE "-- filter a Text: A\nSELECT 1", "t.sql:2: filter a: unknown type \"Text\""},
        {TITLE "-- filter a : A\nSELECT 1", "t.sql:2: filter a: unknown type \"\""},
        {TITLE "-- filter a enum: A\nSELECT 1", "t.sql:2: filter a: an enum needs its choices"},
        {TITLE "-- filter a enum(): A\nSELECT 1", "t.sql:2: filter a: an empty choice"},
        {TITLE "-- filter a enum(A,,B): A\nSELECT 1", "t.sql:2: filter a: an empty choice"},
        {TITLE "-- filter a enum(A, A): A\nSELECT 1", "t.sql:2: filter a: the choice A stands"},
        {TITLE "-- filter a enum(A, B: A\nSELECT 1", "t.sql:2: filter a: write"},
        {TITLE "-- filter a enum(A)s: A\nSELECT 1", "t.sql:2: filter a: unknown type \"enum(A)s\""},
        {TITLE "\n-- filter a text: A\n-- filter a date: A\nSELECT 1",
         "t.sql:4: a second filter a; the first is in line 3"},
        {TITLE "-- filter owner text: A\nSELECT 1", "t.sql:2: a filter cannot be called owner"},
        {TITLE "-- filter limit integer: A\nSELECT 1", "t.sql:2: a filter cannot be called limit"},
        {TITLE "-- filter a_end text: A\n-- filter a date: A\nSELECT 1",
         "t.sql:2: filter a_end: :a_end is already the end of filter a"},
        /* columns */
        {TITLE "-- column\nSELECT 1", "t.sql:2: \"\" is no column name"},
        {TITLE "-- column a\nSELECT 1", "t.sql:2: column a: unknown type \"\""},
        {TITLE "-- column a varchar: A\nSELECT 1", "t.sql:2: column a: unknown type \"varchar\""},
        {TITLE "-- column a text: A\n-- column a text: A\nSELECT 1",
         "t.sql:3: a second line for column a"},
        {TITLE "-- not default:\nSELECT 1", "t.sql:2: no column named"},
        {TITLE "-- not default: a,,b\nSELECT 1", "t.sql:2: \"\" is no column name"},
        {TITLE "-- not default: a, a\nSELECT 1", "t.sql:2: column a is already not default"},
        {TITLE "-- not default a\nSELECT 1", "t.sql:2: \"not default a\" is unknown"},
        /* shared */
        {TITLE "-- shared: yes\nSELECT 1", "t.sql:2: \"shared: yes\" is unknown"},
        {TITLE "-- shared by all\nSELECT 1", "t.sql:2: \"shared\" stands alone"},
        {TITLE "-- shared\n-- shared\nSELECT 1", "t.sql:3: a second \"shared\""},
        /* text */
        {TITLE "\nSELECT '\xFF'", "t.sql:3: a byte that is not UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena = {0};
        struct export_type type;
        struct err err = {0};
        assert_false(export_type_parse(STR("t"), str_of(table[i].text), &arena, &type, &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (!str_starts_with(str_of(err.text), str_of(table[i].want)))
            fail_msg("%s\n  told as: %s\n  want: %s", table[i].text, err.text, table[i].want);
        arena_done(&arena);
    }
}

static void a_filter_called_like_an_end_is_fine_where_there_is_no_end(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct export_type type;
    struct err err = {0};
    static const char text[] = TITLE "-- filter a text: A\n-- filter a_end text: B\nSELECT 1";
    assert_true(export_type_parse(STR("t"), STR(text), &arena, &type, &err));
    arena_done(&arena);
}

static void a_file_that_is_no_type_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct export_type type;
    struct err err = {0};
    assert_false(export_type_parse(STR("a b"), STR(TITLE "SELECT 1"), &arena, &type, &err));
    assert_true(str_starts_with(str_of(err.text), STR("a b.sql:1: the file's name")));
    assert_false(export_type_parse(STR("t"), STR(TITLE "SELECT '\0'"), &arena, &type, &err));
    assert_string_equal(err.text, "t.sql:2: a byte that is not UTF-8 text");

    struct buf large;
    buf_init(&large, (size_t)EXPORT_TYPE_MAX_BYTES + 1);
    memset(buf_reserve(&large, large.max), '\n', large.max);
    buf_commit(&large, large.max);
    assert_false(export_type_parse(STR("t"), buf_str(&large), &arena, &type, &err));
    assert_string_equal(err.text, "t.sql:1: the file is larger than 256 KiB");
    buf_done(&large);
    arena_done(&arena);
}

static void more_filters_than_can_be_meant_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct export_type type;
    struct err err = {0};
    struct buf text;
    buf_init(&text, EXPORT_TYPE_MAX_BYTES);
    buf_add_text(&text, TITLE);
    for (int i = 0; i < 101; i++)
        buf_printf(&text, "-- filter f%d text: F\n", i);
    buf_add_text(&text, "SELECT 1");
    assert_false(export_type_parse(STR("t"), buf_str(&text), &arena, &type, &err));
    assert_string_equal(err.text, "t.sql:102: more than 100 filters");
    buf_done(&text);
    arena_done(&arena);
}

static void every_type_name_reads_back(void **state)
{
    (void)state;
    for (int i = 0; i < COLUMN_TYPE_COUNT; i++) {
        enum column_type type = COLUMN_TYPE_COUNT;
        assert_true(column_type_parse(str_of(column_type_name((enum column_type)i)), &type));
        assert_int_equal(type, i);
    }
    for (int i = 0; i < FILTER_TYPE_COUNT; i++)
        assert_non_null(filter_type_name((enum filter_type)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_file_says_all_there_is_to_a_type),
        cmocka_unit_test(a_mistake_is_refused_with_file_line_and_reason),
        cmocka_unit_test(a_filter_called_like_an_end_is_fine_where_there_is_no_end),
        cmocka_unit_test(a_file_that_is_no_type_is_refused),
        cmocka_unit_test(more_filters_than_can_be_meant_are_refused),
        cmocka_unit_test(every_type_name_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
