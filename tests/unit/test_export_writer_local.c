/* SPDX-License-Identifier: Apache-2.0
 *
 * What csv makes of a locale, a zone, bare times, a text for null, titles and places, alone and
 * together.
 */
#include "tests/unit/export_writer_kit.h"

#include "base/calendar.h"
#include "export/locale.h"
#include "export/zone.h"

#include <math.h>

static const struct locale german = {',', DATE_DMY, '.'};
static const struct locale american = {'.', DATE_MDY, '/'};

/* One value, with another behind it, in a file of two columns under `options`. */
static void check_value(const struct writer_options *options, enum column_type type,
                        struct value value, const char *want)
{
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = type;
    struct value row[] = {value, TRUTH(1)};
    struct buf file;
    buf_init(&file, KIT_MAX);
    char d = options->delimiter;
    buf_printf(&file, "c0%cc1\n%s%ctrue\n", d, want, d);
    kit_check("csv", options, &columns, 2, row, 1, buf_str(&file), want);
    buf_done(&file);
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    assert_true(calendar_parse_timestamp(str_of(text), &us));
    return us;
}

static void a_locale_changes_numbers_dates_and_times_alone(void **state)
{
    (void)state;
    static const struct {
        struct value value;
        const char *want;
    } table[] = {
        {REAL(-1.5), "-1,5"},
        {REAL(1500000), "1500000"},
        {REAL(1.25e300), "1,25e+300"},
        {REAL(NAN), "NaN"},
        {REAL(-INFINITY), "-Infinity"},
        {OF(CELL_DECIMAL, "1.10"), "1,10"},
        {OF(CELL_DECIMAL, "-.5"), "-,5"},
        {OF(CELL_DECIMAL, "1.5E+400"), "1,5E+400"},
        {OF(CELL_DECIMAL, "Infinity"), "Infinity"},
        {OF(CELL_DECIMAL, "12.e"), "12.e"}, /* no number */
        {WHOLE(-1234567), "-1234567"},
        {TRUTH(0), "false"},
        {TEXT("1.5"), "1.5"},
        {TEXT("2025-08-01"), "2025-08-01"},
        {OF(CELL_JSON, "1.5"), "1.5"},
        {OF(CELL_LITERAL, "0044-03-15 BC"), "0044-03-15 BC"},
        {OF(CELL_BYTES, "\\x2e"), "\\x2e"},
        {NONE, ""},
        {DAY(INT64_C(1754006400000000)), "01.08.2025"},
        {DAY(CELL_TIME_BEGIN_US), "01.01.0001"},
        {DAY(INT64_C(253402214400000000)), "31.12.9999"},
        {TIME(INT64_C(1754051696000000)), "01.08.2025 12:34:56+00:00"},
        {TIME(INT64_C(1754051696120000)), "01.08.2025 12:34:56.120+00:00"},
        {TIME(INT64_C(1754051696000001)), "01.08.2025 12:34:56.000001+00:00"},
        {TIME(-1), "31.12.1969 23:59:59.999999+00:00"},
    };
    struct writer_options options = writer_options_default();
    options.locale = &german;
    options.delimiter = ';';
    for (size_t i = 0; i < COUNT_OF(table); i++)
        check_value(&options, COLUMN_ANY, table[i].value, table[i].want);
}

static void each_order_of_dates_is_written(void **state)
{
    (void)state;
    static const struct {
        struct locale locale;
        const char *want;
    } table[] = {
        {{'.', DATE_YMD, '-'}, "2025-08-31"}, {{'.', DATE_YMD, '/'}, "2025/08/31"},
        {{'.', DATE_YDM, '-'}, "2025-31-08"}, {{'.', DATE_DMY, '.'}, "31.08.2025"},
        {{'.', DATE_DMY, '-'}, "31-08-2025"}, {{'.', DATE_MDY, '/'}, "08/31/2025"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct writer_options options = writer_options_default();
        options.locale = &table[i].locale;
        struct value day = DAY(instant("2025-08-31T00:00:00Z"));
        check_value(&options, COLUMN_DATE, day, table[i].want);
    }
}

static void times_follow_zone_locale_and_bareness(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const struct locale *locale;
        bool has_bare_times;
        const char *at;
        const char *want;
    } table[] = {
        {NULL, NULL, false, "2025-08-01T12:34:56Z", "2025-08-01T12:34:56.000Z"},
        {"UTC", NULL, false, "2025-08-01T12:34:56Z", "2025-08-01T12:34:56.000+00:00"},
        {"Europe/Berlin", NULL, false, "2025-08-01T12:34:56Z", "2025-08-01T14:34:56.000+02:00"},
        {"Europe/Berlin", NULL, false, "2025-08-01T12:34:56.000001Z",
         "2025-08-01T14:34:56.000001+02:00"},
        {"America/New_York", NULL, false, "2025-01-01T00:00:00.5Z",
         "2024-12-31T19:00:00.500-05:00"},
        {"Asia/Kolkata", NULL, false, "2025-08-01T12:34:56Z", "2025-08-01T18:04:56.000+05:30"},
        {"Europe/Berlin", &german, false, "2025-08-01T12:34:56Z", "01.08.2025 14:34:56+02:00"},
        {"Europe/Berlin", &american, false, "2025-08-01T12:34:56Z", "08/01/2025 14:34:56+02:00"},
        {NULL, NULL, true, "2025-08-01T12:34:56Z", "2025-08-01 12:34:56"},
        {NULL, NULL, true, "2025-08-01T12:34:56.789Z", "2025-08-01 12:34:56.789"},
        {"Europe/Berlin", NULL, true, "2025-08-01T12:34:56Z", "2025-08-01 14:34:56"},
        {"Europe/Berlin", &german, true, "2025-08-01T12:34:56.000001Z",
         "01.08.2025 14:34:56,000001"},
        /* the gap and the overlap: with its offset each instant is itself */
        {"Europe/Berlin", NULL, false, "2025-03-30T00:59:59Z", "2025-03-30T01:59:59.000+01:00"},
        {"Europe/Berlin", NULL, false, "2025-03-30T01:00:00Z", "2025-03-30T03:00:00.000+02:00"},
        {"Europe/Berlin", &german, false, "2025-10-26T00:30:00Z", "26.10.2025 02:30:00+02:00"},
        {"Europe/Berlin", &german, false, "2025-10-26T01:30:00Z", "26.10.2025 02:30:00+01:00"},
        {"Europe/Berlin", &german, true, "2025-10-26T01:30:00Z", "26.10.2025 02:30:00"},
        /* each town's own time had seconds */
        {"Europe/Berlin", NULL, false, "1880-01-01T00:00:00Z", "1880-01-01T00:53:28.000+00:53:28"},
        {"Africa/Monrovia", &german, false, "1970-01-01T00:00:00Z", "31.12.1969 23:15:30-00:44:30"},
        /* a clock that is not in the years 1 to 9999 shows what it shows */
        {"America/New_York", NULL, false, "0001-01-01T00:00:00Z",
         "0000-12-31T19:03:58.000-04:56:02"},
        {"Asia/Tokyo", NULL, false, "9999-12-31T23:59:59.999999Z",
         "10000-01-01T08:59:59.999999+09:00"},
        {"Asia/Tokyo", &german, true, "9999-12-31T15:00:00Z", "01.01.10000 00:00:00"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct writer_options options = writer_options_default();
        options.delimiter = ';';
        options.locale = table[i].locale;
        options.has_bare_times = table[i].has_bare_times;
        if (table[i].zone) {
            options.zone = zone_open(str_of(table[i].zone));
            assert_non_null(options.zone);
        }
        struct value time = TIME(instant(table[i].at));
        check_value(&options, COLUMN_TIMESTAMP, time, table[i].want);
        zone_close(options.zone);
    }
}

static void a_date_is_no_instant_and_knows_no_zone(void **state)
{
    (void)state;
    struct writer_options options = writer_options_default();
    options.zone = zone_open(STR("America/New_York"));
    struct value day = DAY(instant("2025-08-01T00:00:00Z"));
    check_value(&options, COLUMN_DATE, day, "2025-08-01");
    options.has_bare_times = true;
    check_value(&options, COLUMN_DATE, day, "2025-08-01");
    zone_close(options.zone);
}

static void what_a_locale_writes_is_quoted_where_it_holds_the_delimiter(void **state)
{
    (void)state;
    static const struct {
        char delimiter;
        const struct locale *locale;
        struct value value;
        const char *want;
    } table[] = {
        {',', &german, REAL(1.5), "\"1,5\""},
        {',', &german, REAL(15), "15"},
        {',', &german, OF(CELL_DECIMAL, "1.10"), "\"1,10\""},
        {',', &american, REAL(1.5), "1.5"},
        {'.', &german, REAL(1.5), "1,5"},
        {'.', &german, DAY(0), "\"01.01.1970\""},
        {'/', &american, DAY(0), "\"01/01/1970\""},
        {'/', &american, TIME(0), "\"01/01/1970 00:00:00+00:00\""},
        {'/', &german, TIME(0), "01.01.1970 00:00:00+00:00"},
        {'+', &german, TIME(0), "\"01.01.1970 00:00:00+00:00\""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct writer_options options = writer_options_default();
        options.delimiter = table[i].delimiter;
        options.locale = table[i].locale;
        check_value(&options, COLUMN_ANY, table[i].value, table[i].want);
    }
}

static void null_has_its_text_and_nothing_else_is_written_so(void **state)
{
    (void)state;
    static const struct {
        const char *null_text;
        struct value value;
        const char *want;
    } table[] = {
        {"NULL", NONE, "NULL"},
        {"NULL", TEXT("NULL"), "\"NULL\""},
        {"NULL", TEXT("null"), "null"},
        {"NULL", TEXT(""), "\"\""},
        {"NULL", OF(CELL_LITERAL, "NULL"), "\"NULL\""},
        {"null", OF(CELL_JSON, "null"), "\"null\""},
        {"\\N", NONE, "\\N"},
        {"\\N", TEXT("\\N"), "\"\\N\""},
        {"-", NONE, "-"},
        {"-", TEXT("-"), "\"'-\""}, /* the guard */
        {"0", NONE, "0"},
        {"0", WHOLE(0), "\"0\""},
        {"0", WHOLE(10), "10"},
        {"-0", REAL(-0.0), "\"-0\""},
        {"1.5", REAL(1.5), "\"1.5\""},
        {"1.50", OF(CELL_DECIMAL, "1.50"), "\"1.50\""},
        {"NaN", REAL(NAN), "\"NaN\""},
        {"-Infinity", REAL(-INFINITY), "\"-Infinity\""},
        {"Infinity", OF(CELL_DECIMAL, "Infinity"), "\"Infinity\""},
        {"false", TRUTH(0), "\"false\""},
        {"false", TRUTH(1), "true"},
        {"1970-01-01", DAY(0), "\"1970-01-01\""},
        {"1970-01-01T00:00:00.000Z", TIME(0), "\"1970-01-01T00:00:00.000Z\""},
        {"n/a", NONE, "n/a"},
        {"", NONE, ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct writer_options options = writer_options_default();
        options.delimiter = ';';
        options.null_text = str_of(table[i].null_text);
        check_value(&options, COLUMN_ANY, table[i].value, table[i].want);
    }
}

static void a_null_alone_in_its_row_is_its_text(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].name = STR("NULL");
    struct writer_options options = writer_options_default();
    options.null_text = STR("NULL");
    struct value rows[] = {NONE, TEXT("NULL"), TEXT("")};
    kit_check("csv", &options, &columns, 1, rows, 3, STR("\"NULL\"\nNULL\n\"NULL\"\n\"\"\n"),
              "one column, in the head too");
}

static void only_what_can_stand_bare_may_stand_for_null(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        char delimiter;
        bool is_legal;
    } table[] = {
        {{"", 0}, ',', true},      {{"NULL", 4}, ',', true},  {{"\\N", 2}, ',', true},
        {{"n/a", 3}, ',', true},   {{" ", 1}, ',', false},    {{"a;b", 3}, ',', true},
        {{"a,b", 3}, ',', false},  {{"a;b", 3}, ';', false},  {{"\"", 1}, ',', false},
        {{"a\nb", 3}, ',', false}, {{"a\rb", 3}, ',', false}, {{"a\0b", 3}, ',', false},
        {{"\\.", 2}, ',', false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(writer_null_text_is_legal(table[i].text, table[i].delimiter),
                         table[i].is_legal);
    char text[WRITER_MAX_NULL_TEXT + 1];
    memset(text, 'x', sizeof text);
    assert_true(writer_null_text_is_legal((struct str){text, WRITER_MAX_NULL_TEXT}, ','));
    assert_false(writer_null_text_is_legal((struct str){text, sizeof text}, ','));
}

static void the_head_has_titles_on_request(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].title = STR("Entered at, UTC");
    columns.columns[1].title = STR("=1+1");
    columns.columns[2].title = STR("Größe \"XL\"");
    struct writer_options options = writer_options_default();
    options.has_titles = true;
    struct fidelity fidelity =
        kit_check("csv", &options, &columns, 3, NULL, 0,
                  STR("\"Entered at, UTC\",\"'=1+1\",\"Größe \"\"XL\"\"\"\n"), "titles");
    assert_int_equal(fidelity.cells_guarded, 1);
}

static void places_round_numbers_by_the_type_of_their_column(void **state)
{
    (void)state;
    static const struct {
        enum column_type type;
        int places;
        struct value value;
        const char *want;
    } table[] = {
        {COLUMN_NUMBER, 2, REAL(1.005), "1.01"}, /* of the digits, not of the bits */
        {COLUMN_NUMBER, 2, REAL(-0.004), "0.00"},
        {COLUMN_NUMBER, 2, REAL(-0.0), "0.00"},
        {COLUMN_NUMBER, 0, REAL(2.5), "3"},
        {COLUMN_NUMBER, 2, REAL(1e15), "1000000000000000.00"},
        {COLUMN_NUMBER, 15, REAL(5e-324), "0.000000000000000"},
        {COLUMN_NUMBER, 2, REAL(NAN), "NaN"},
        {COLUMN_NUMBER, 2, REAL(INFINITY), "Infinity"},
        {COLUMN_NUMBER, 2, WHOLE(7), "7.00"}, /* SQLite keeps whole numbers so */
        {COLUMN_DECIMAL, 2, OF(CELL_DECIMAL, "1.10000"), "1.10"},
        {COLUMN_DECIMAL, 2, OF(CELL_DECIMAL, "-99.995"), "-100.00"},
        {COLUMN_DECIMAL, 2, OF(CELL_DECIMAL, "NaN"), "NaN"},
        {COLUMN_DECIMAL, 2, WHOLE(-7), "-7.00"},
        {COLUMN_DECIMAL, 2, NONE, ""},
        {COLUMN_DECIMAL, 2, TEXT("1.555"), "1.555"},
        {COLUMN_ANY, 2, REAL(1.5), "1.50"},
        {COLUMN_ANY, 2, OF(CELL_DECIMAL, "1.5"), "1.50"},
        {COLUMN_ANY, 2, WHOLE(7), "7"},
        {COLUMN_INTEGER, 2, WHOLE(7), "7"},
        {COLUMN_BIGINT, 2, WHOLE(7), "7"},
        {COLUMN_DATE, 2, REAL(INFINITY), "Infinity"},
        {COLUMN_OTHER, 2, OF(CELL_LITERAL, "1.555"), "1.555"},
        {COLUMN_JSON, 2, OF(CELL_JSON, "1.555"), "1.555"},
        {COLUMN_NUMBER, WRITER_ALL_PLACES, REAL(1.005), "1.005"},
    };
    struct writer_options options = writer_options_default();
    options.delimiter = ';';
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        options.places = table[i].places;
        check_value(&options, table[i].type, table[i].value, table[i].want);
    }
    options.places = 2;
    options.locale = &german;
    check_value(&options, COLUMN_NUMBER, (struct value)REAL(1234567.005), "1234567,01");
    check_value(&options, COLUMN_DECIMAL, (struct value)OF(CELL_DECIMAL, "-.005"), "-0,01");
    options.null_text = STR("0,00");
    check_value(&options, COLUMN_NUMBER, (struct value)REAL(0.001), "\"0,00\"");
}

static void numbers_that_grow_beyond_any_buffer_of_a_value_are_whole(void **state)
{
    (void)state;
    struct writer_options options = writer_options_default();
    options.places = 3;
    struct buf want;
    buf_init(&want, KIT_MAX);
    buf_add_text(&want, "-17");
    for (int i = 0; i < 307; i++)
        buf_add_char(&want, '0');
    buf_add_text(&want, ".000");
    buf_add_char(&want, '\0');
    check_value(&options, COLUMN_NUMBER, (struct value)REAL(-1.7e308), want.ptr);
    buf_done(&want);
}

static void json_takes_nothing_of_it(void **state)
{
    (void)state;
    struct kit_columns columns;
    kit_columns_init(&columns);
    columns.columns[0].type = COLUMN_NUMBER;
    columns.columns[0].title = STR("Title");
    struct writer_options options = writer_options_default();
    options.locale = &german;
    options.zone = zone_open(STR("Europe/Berlin"));
    options.has_bare_times = true;
    options.has_titles = true;
    options.places = 1;
    options.null_text = STR("NULL");
    struct value row[] = {REAL(1.25), TIME(0), DAY(0), NONE};
    kit_check("ndjson", &options, &columns, 4, row, 1,
              STR("{\"c0\":1.25,\"c1\":\"1970-01-01T00:00:00.000Z\",\"c2\":\"1970-01-01\","
                  "\"c3\":null}\n"),
              "json is for programs");
    zone_close(options.zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_locale_changes_numbers_dates_and_times_alone),
        cmocka_unit_test(each_order_of_dates_is_written),
        cmocka_unit_test(times_follow_zone_locale_and_bareness),
        cmocka_unit_test(a_date_is_no_instant_and_knows_no_zone),
        cmocka_unit_test(what_a_locale_writes_is_quoted_where_it_holds_the_delimiter),
        cmocka_unit_test(null_has_its_text_and_nothing_else_is_written_so),
        cmocka_unit_test(a_null_alone_in_its_row_is_its_text),
        cmocka_unit_test(only_what_can_stand_bare_may_stand_for_null),
        cmocka_unit_test(the_head_has_titles_on_request),
        cmocka_unit_test(places_round_numbers_by_the_type_of_their_column),
        cmocka_unit_test(numbers_that_grow_beyond_any_buffer_of_a_value_are_whole),
        cmocka_unit_test(json_takes_nothing_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
