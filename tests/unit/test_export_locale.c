/* SPDX-License-Identifier: Apache-2.0
 *
 * Locales: which tags are known, what some of them look like in a file, and that a reader who knows
 * nothing but the three facts reads back every number and date, in every locale that ICU has.
 */
#include "tests/unit/export_writer_kit.h"

#include "base/calendar.h"
#include "base/number.h"
#include "export/locale.h"

#include <unicode/uloc.h>

/* 2025-08-01, and 12:34:56.789 of that day. */
#define AUGUST  INT64_C(1754006400000000)
#define INSTANT INT64_C(1754051696789000)

static void files_look_as_people_there_write_but_in_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        const char *want; /* a double, a decimal, a date, a time */
    } table[] = {
        {"de-DE", "-1234567,5;1,10;01.08.2025;01.08.2025 12:34:56.789+00:00"},
        {"fr-FR", "-1234567,5;1,10;01/08/2025;01/08/2025 12:34:56.789+00:00"},
        {"de-CH", "-1234567.5;1.10;01.08.2025;01.08.2025 12:34:56.789+00:00"},
        {"sv-SE", "-1234567,5;1,10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        {"en-IN", "-1234567.5;1.10;01/08/2025;01/08/2025 12:34:56.789+00:00"},
        {"ar-EG", "-1234567.5;1.10;01/08/2025;01/08/2025 12:34:56.789+00:00"},
        {"ja-JP", "-1234567.5;1.10;2025/08/01;2025/08/01 12:34:56.789+00:00"},
        {"fa-IR", "-1234567.5;1.10;2025/08/01;2025/08/01 12:34:56.789+00:00"},
        {"th-TH", "-1234567.5;1.10;01/08/2025;01/08/2025 12:34:56.789+00:00"},
        {"en-US", "-1234567.5;1.10;08/01/2025;08/01/2025 12:34:56.789+00:00"},
        {"en-GB", "-1234567.5;1.10;01/08/2025;01/08/2025 12:34:56.789+00:00"},
        {"cs-CZ", "-1234567,5;1,10;01.08.2025;01.08.2025 12:34:56.789+00:00"},
        {"ky-KG", "-1234567,5;1,10;2025-01-08;2025-01-08 12:34:56.789+00:00"},
        /* something behind the day or the year: ISO */
        {"hu-HU", "-1234567,5;1,10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        {"bg-BG", "-1234567,5;1,10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        {"ko-KR", "-1234567.5;1.10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        {"hr-HR", "-1234567,5;1,10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        /* nothing but a space between, or two things: ISO */
        {"yo-NG", "-1234567.5;1.10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
        {"kkj-CM", "-1234567,5;1,10;2025-08-01;2025-08-01 12:34:56.789+00:00"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct locale locale = {0};
        assert_true(locale_find(str_of(table[i].tag), &locale));
        struct kit_columns columns;
        kit_columns_init(&columns);
        struct writer_options options = writer_options_default();
        options.locale = &locale;
        options.delimiter = ';';
        struct value row[] = {REAL(-1234567.5), OF(CELL_DECIMAL, "1.10"), DAY(AUGUST),
                              TIME(INSTANT)};
        struct buf want;
        buf_init(&want, KIT_MAX);
        buf_printf(&want, "c0;c1;c2;c3\n%s\n", table[i].want);
        kit_check("csv", &options, &columns, 4, row, 1, buf_str(&want), table[i].tag);
        buf_done(&want);
    }
}

static void only_locales_that_icu_has_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        const char *same_as; /* NULL: refused */
    } table[] = {
        {"DE-de", "de-DE"},        /* in any case */
        {"de", "de-DE"},           /* a language alone */
        {"de-XX", "de-DE"},        /* a language, wherever it is */
        {"de-419", "de-DE"},       /* a region of the UN's */
        {"de-Latn-DE", "de-DE"},   /* in the script that it is written in */
        {"de-DE-1996", "de-DE"},   /* a variant */
        {"de-DE-x-desk", "de-DE"}, /* private */
        {"ar-EG-u-nu-arab", "ar-EG"},
        {"th-TH-u-ca-buddhist-nu-thai", "th-TH"},
        {"zh-TW", "zh-Hant-TW"},
        {"sr-Latn-RS", "sr-Latn"},
        {"de-Cyrl", NULL}, /* German is not written so, and ICU would make it no locale at all */
        {"xx-YY", NULL},
        {"zz", NULL},
        {"und", NULL},
        {"root", NULL},
        {"C", NULL},
        {"POSIX", NULL},
        {"", NULL},
        {"de_DE", NULL},
        {"de-DE.UTF-8", NULL},
        {"de-", NULL},
        {"-de", NULL},
        {"de--DE", NULL},
        {"de-DE-DE", NULL},
        {"de-DE-u", NULL},
        {" de", NULL},
        {"de ", NULL},
        {"de-DE@numbers=thai", NULL},
        {"x-desk", NULL},
        {"i-klingon", NULL},
        {"d\xC3\xA9", NULL},
        {"deutsch", NULL},
        {"de-x-this-tag-is-well-formed-but-it-is-longer-than-what-we-take-from-anyone", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct locale locale = {.decimal = 'x'};
        bool is_known = locale_find(str_of(table[i].tag), &locale);
        if (is_known != (table[i].same_as != NULL))
            fail_msg("\"%s\" is %s", table[i].tag, is_known ? "known" : "refused");
        if (!is_known) {
            assert_int_equal(locale.decimal, 'x');
            continue;
        }
        struct locale same = {0};
        assert_true(locale_find(str_of(table[i].same_as), &same));
        assert_int_equal(locale.decimal, same.decimal);
        assert_int_equal(locale.order, same.order);
        assert_int_equal(locale.date_separator, same.date_separator);
    }
    struct locale locale;
    assert_false(locale_find((struct str){"de\0DE", 5}, &locale));
}

/* ---- A reader who knows the three facts, and nothing of the writer ---- */

static struct str take_field(struct str *rest, char end)
{
    size_t at = str_find(*rest, end);
    assert_true(at < rest->len);
    struct str field = {rest->ptr, at};
    *rest = (struct str){rest->ptr + at + 1, rest->len - at - 1};
    return field;
}

static double read_number(struct str field, const struct locale *locale)
{
    char text[NUMBER_TEXT_SIZE] = "";
    assert_true(field.len < sizeof text);
    memcpy(text, field.ptr, field.len);
    assert_true(locale->decimal == '.' || !strchr(text, '.'));
    char *sign = strchr(text, locale->decimal);
    if (sign)
        *sign = '.';
    double number = 0;
    assert_true(number_parse_double(str_of(text), &number));
    return number;
}

/* A date, as ISO has it, with what follows it. */
static void read_date(struct str field, const struct locale *locale, struct buf *out)
{
    static const char *const orders[] = {
        [DATE_YMD] = "ymd", [DATE_DMY] = "dmy", [DATE_MDY] = "mdy", [DATE_YDM] = "ydm"};
    struct str parts[3];
    for (size_t i = 0; i < 3; i++) {
        bool is_year = orders[locale->order][i] == 'y';
        size_t len = is_year ? 4 : 2;
        assert_true(field.len >= len);
        struct str part = {field.ptr, len};
        parts[is_year ? 0 : orders[locale->order][i] == 'm' ? 1 : 2] = part;
        field = (struct str){field.ptr + len, field.len - len};
        if (i == 2)
            break;
        assert_int_equal(field.ptr[0], locale->date_separator);
        field = (struct str){field.ptr + 1, field.len - 1};
    }
    buf_clear(out);
    buf_printf(out, "%.*s-%.*s-%.*s%.*s", STR_ARG(parts[0]), STR_ARG(parts[1]), STR_ARG(parts[2]),
               STR_ARG(field));
}

static void all_values_read_back_in(const char *tag)
{
    static const struct value numbers[] = {
        REAL(0),         REAL(-0.5),     REAL(1234567.891), REAL(-999999999999999.0),
        REAL(0.1 + 0.2), REAL(1e300),    REAL(-5e-324),     REAL(1.7976931348623157e308),
        REAL(1e-5),      REAL(1.25e-10),
    };
    static const struct value times[] = {
        TIME(0),
        TIME(INSTANT),
        TIME(INSTANT + 1),
        TIME(-1),
        TIME(CELL_TIME_BEGIN_US),
        TIME(CELL_TIME_END_US - 1),
        TIME(AUGUST),
        TIME(INT64_C(-2203891200000000)), /* 1900-03-01 */
        TIME(INT64_C(951782400000000)),   /* 2000-02-29 */
        TIME(INT64_C(1767225599999000)),  /* the last of 2025 */
    };
    enum { ROWS = COUNT_OF(numbers) };
    _Static_assert((int)ROWS == (int)COUNT_OF(times), "as many");
    struct locale locale = {0};
    if (!locale_find(str_of(tag), &locale))
        fail_msg("%s is refused", tag);
    assert_true(locale.decimal == '.' || locale.decimal == ',');
    struct value rows[ROWS * 3];
    for (size_t i = 0; i < ROWS; i++) {
        int64_t us = times[i].integer;
        int64_t of_day = (us % CALENDAR_DAY_US + CALENDAR_DAY_US) % CALENDAR_DAY_US;
        rows[i * 3] = numbers[i];
        rows[i * 3 + 1] = times[i];
        rows[i * 3 + 2] = (struct value)DAY(us - of_day);
    }
    struct kit_columns columns;
    kit_columns_init(&columns);
    struct writer_options options = writer_options_default();
    options.locale = &locale;
    options.delimiter = '|';
    struct kit_sink sink;
    kit_sink_init(&sink);
    kit_export("csv", &options, &columns, 3, rows, ROWS, BATCH_ROWS, &sink);
    struct str rest = buf_str(&sink.bytes);
    (void)take_field(&rest, '\n');
    for (size_t i = 0; i < rest.len; i++)
        assert_true(str_find(STR("0123456789+-.,/:e |\n"), rest.ptr[i]) < 20);
    struct buf iso;
    buf_init(&iso, KIT_MAX);
    for (size_t i = 0; i < ROWS; i++) {
        int64_t us = 0;
        assert_true(read_number(take_field(&rest, '|'), &locale) == rows[i * 3].number);
        read_date(take_field(&rest, '|'), &locale, &iso);
        assert_true(calendar_parse_timestamp(buf_str(&iso), &us));
        assert_true(us == rows[i * 3 + 1].integer);
        read_date(take_field(&rest, '\n'), &locale, &iso);
        assert_true(calendar_parse_date(buf_str(&iso), &us));
        assert_true(us == rows[i * 3 + 2].integer);
    }
    assert_int_equal(rest.len, 0);
    buf_done(&iso);
    kit_sink_done(&sink);
}

static void every_value_reads_back_in_every_locale_of_icu(void **state)
{
    (void)state;
    assert_true(uloc_countAvailable() > 500);
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        char tag[ULOC_FULLNAME_CAPACITY] = "";
        UErrorCode status = U_ZERO_ERROR;
        (void)uloc_toLanguageTag(uloc_getAvailable(i), tag, sizeof tag, true, &status);
        assert_true(U_SUCCESS(status));
        all_values_read_back_in(tag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_look_as_people_there_write_but_in_ascii),
        cmocka_unit_test(only_locales_that_icu_has_are_known),
        cmocka_unit_test(every_value_reads_back_in_every_locale_of_icu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
