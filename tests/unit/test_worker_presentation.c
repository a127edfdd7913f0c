/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a job asks for to how its file is written.
 */
#include "worker/presentation.h"

#include "export/locale.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* In memory that lives for one test. */
static struct arena memory;

static int forget(void **state)
{
    (void)state;
    arena_done(&memory);
    return 0;
}

static struct presentation made(const char *format, const struct job_presentation *asked)
{
    struct presentation out;
    struct err err = {0};
    if (!presentation_make(asked, format_find(str_of(format)), &memory, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

static void nothing_asked_for_is_the_plain_form(void **state)
{
    (void)state;
    static const struct job_presentation nothing;
    struct presentation plain = made("csv", &nothing);
    assert_int_equal(plain.writer.delimiter, ',');
    assert_false(plain.writer.has_crlf || plain.writer.has_bom || plain.writer.has_titles);
    assert_false(plain.writer.has_bare_times || plain.document.is_utf16);
    assert_true(plain.writer.has_formula_guard);
    assert_null(plain.writer.locale);
    assert_int_equal(plain.writer.places, WRITER_ALL_PLACES);
    assert_int_equal(plain.writer.null_text.len + plain.time_zone.len, 0);
    assert_int_equal(plain.document.compression, COMPRESS_NONE);
}

static void the_excel_dialect_is_what_excel_opens_by_double_click(void **state)
{
    (void)state;
    struct job_presentation asked = {.dialect = DIALECT_EXCEL, .has_bom = true};
    struct presentation excel = made("csv", &asked);
    assert_int_equal(excel.writer.delimiter, '\t');
    assert_true(excel.writer.has_crlf && excel.writer.has_bare_times && excel.document.is_utf16);
    assert_false(excel.writer.has_bom); /* UTF-16 has its own */
    asked.newline = NEWLINE_LF;
    assert_false(made("csv", &asked).writer.has_crlf);
    asked.locale = STR("de-DE");
    assert_int_equal(made("csv", &asked).writer.delimiter, '\t');
    asked.delimiter = ';';
    assert_int_equal(made("csv", &asked).writer.delimiter, ';');
    assert_false(made("json", &asked).document.is_utf16);
    assert_false(made("xlsx", &asked).document.is_utf16);
}

static void a_locale_with_a_decimal_comma_has_semicolons_unless_asked_otherwise(void **state)
{
    (void)state;
    struct job_presentation asked = {.locale = {"de-DE", 5}};
    struct presentation german = made("csv", &asked);
    assert_int_equal(german.writer.delimiter, ';');
    assert_int_equal(german.writer.locale->decimal, ',');
    asked.delimiter = '|';
    assert_int_equal(made("csv", &asked).writer.delimiter, '|');
    asked = (struct job_presentation){.locale = {"en-IN", 5}};
    assert_int_equal(made("csv", &asked).writer.delimiter, ',');
}

static void every_other_wish_reaches_the_writer(void **state)
{
    (void)state;
    const struct job_presentation asked = {.time_zone = STR("Europe/Berlin"),
                                           .newline = NEWLINE_CRLF,
                                           .has_bom = true,
                                           .is_unguarded = true,
                                           .has_exact_numbers_text = true,
                                           .has_titles = true,
                                           .null_text = STR("NULL"),
                                           .has_places = true,
                                           .places = 2,
                                           .compression = COMPRESSION_ZSTD};
    struct presentation all = made("csv", &asked);
    assert_true(all.writer.has_crlf && all.writer.has_bom && all.writer.has_exact_numbers_text);
    assert_true(all.writer.has_titles && !all.writer.has_formula_guard);
    assert_true(str_equal(all.writer.null_text, STR("NULL")));
    assert_int_equal(all.writer.places, 2);
    assert_true(str_equal(all.time_zone, STR("Europe/Berlin")));
    assert_int_equal(all.document.compression, COMPRESS_ZSTD);
    const struct job_presentation gzip = {.compression = COMPRESSION_GZIP};
    assert_int_equal(made("xlsx", &gzip).document.compression, COMPRESS_GZIP);
}

static void each_mistake_names_its_field_and_what_would_be_accepted(void **state)
{
    (void)state;
    static const char long_text[WRITER_MAX_NULL_TEXT + 1];
    static const struct {
        struct job_presentation asked;
        const char *field;
        const char *said;
    } cases[] = {
        {{.locale = {"xx-YY", 5}}, "presentation.locale", "\"xx-YY\"; give a BCP 47 tag"},
        {{.locale = {"de_DE@x=\n", 9}}, "presentation.locale", "give a BCP 47 tag"},
        {{.time_zone = {"Mars/Olympus", 12}}, "presentation.time_zone", "\"Mars/Olympus\"; give"},
        {{.time_zone = {"GMT+25", 6}}, "presentation.time_zone", "Europe/Berlin"},
        {{.delimiter = '"'}, "presentation.delimiter", "one ASCII character"},
        {{.delimiter = 'a'}, "presentation.delimiter", "one ASCII character"},
        {{.null_text = {"a,b", 3}}, "presentation.null_text", "without the delimiter"},
        {{.null_text = {"a\"", 2}}, "presentation.null_text", "quotes"},
        {{.null_text = {"a\nb", 3}}, "presentation.null_text", "control"},
        {{.null_text = {"\\.", 2}}, "presentation.null_text", "NULL"},
        {{.null_text = {" x", 2}}, "presentation.null_text", "spaces at its ends"},
        {{.null_text = {"\xFF", 1}}, "presentation.null_text", "UTF-8"},
        {{.null_text = {"=1", 2}}, "presentation.null_text", "formula"},
        {{.null_text = {"-", 1}}, "presentation.null_text", "formula"},
        {{.null_text = {long_text, sizeof long_text}}, "presentation.null_text", "65 bytes"},
        {{.has_places = true, .places = -1}, "presentation.places", "0 to 15"},
        {{.has_places = true, .places = 16}, "presentation.places", "16 digits"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct presentation out;
        struct err err = {0};
        assert_false(
            presentation_make(&cases[i].asked, format_find(STR("csv")), &memory, &out, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, cases[i].field);
        if (!strstr(err.text, cases[i].said))
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].said);
    }
}

static void without_the_guard_null_may_begin_like_a_formula(void **state)
{
    (void)state;
    const struct job_presentation asked = {.null_text = STR("-"), .is_unguarded = true};
    assert_true(str_equal(made("csv", &asked).writer.null_text, STR("-")));
}

static void a_compression_of_a_newer_server_is_not_left_out_in_silence(void **state)
{
    (void)state;
    const struct job_presentation asked = {.compression = (enum job_compression)7};
    struct presentation out;
    struct err err = {0};
    assert_false(presentation_make(&asked, format_find(STR("csv")), &memory, &out, &err));
    assert_int_equal(err.code, ERR_UNIMPLEMENTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_asked_for_is_the_plain_form, forget),
        cmocka_unit_test_teardown(the_excel_dialect_is_what_excel_opens_by_double_click, forget),
        cmocka_unit_test_teardown(
            a_locale_with_a_decimal_comma_has_semicolons_unless_asked_otherwise, forget),
        cmocka_unit_test_teardown(every_other_wish_reaches_the_writer, forget),
        cmocka_unit_test_teardown(each_mistake_names_its_field_and_what_would_be_accepted, forget),
        cmocka_unit_test_teardown(a_compression_of_a_newer_server_is_not_left_out_in_silence,
                                  forget),
        cmocka_unit_test_teardown(without_the_guard_null_may_begin_like_a_formula, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
