/* SPDX-License-Identifier: Apache-2.0
 *
 * What of numbers and times a spreadsheet keeps.
 */
#include "export/sheet_number.h"

#include "base/calendar.h"
#include "base/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_integer_of_15_significant_digits_is_kept(void **state)
{
    (void)state;
    assert_true(sheet_keeps_integer(0));
    assert_true(sheet_keeps_integer(INT64_C(999999999999999)));
    assert_true(sheet_keeps_integer(INT64_C(-999999999999999)));
    assert_true(sheet_keeps_integer(INT64_C(1000000000000000000)));
    assert_true(sheet_keeps_integer(INT64_C(-1234567890123450000)));
    assert_false(sheet_keeps_integer(INT64_C(1234567890123456)));
    assert_false(sheet_keeps_integer(INT64_C(9007199254740993)));
    assert_false(sheet_keeps_integer(INT64_MAX));
    assert_false(sheet_keeps_integer(INT64_MIN));
}

static void a_decimal_of_15_significant_digits_and_a_doubles_size_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_kept;
    } cases[] = {
        {"0", true},
        {"-0.00", true},
        {"0.000000000000000000000000000000", true},
        {"1.10", true},
        {"123456789012345", true},
        {"1234567890.12345", true},
        {"1234567890.1234500000", true},
        {"0.000000123456789012345", true},
        {"120000000000000000000", true},
        {"1234567890123456", false},
        {"1234567890.123456", false},
        {"0.1234567890123456", false},
        {"1000000000000000.1", false},
        {"1e307", true},
        {"1e308", false},
        {"1e+400", false},
        {"1E-307", true},
        {"1e-308", false},
        {"1e99999999999999999999", false},
        {"0e99999999999999999999", true},
        {"12.5e3", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct decimal value;
        assert_true(decimal_parse(str_of(cases[i].text), &value));
        if (sheet_keeps_decimal(&value) != cases[i].is_kept)
            fail_msg("%s", cases[i].text);
    }
}

static void check_serial(const char *time, const char *want)
{
    int64_t us = 0;
    char text[SHEET_SERIAL_SIZE];
    assert_true(calendar_parse_timestamp(str_of(time), &us));
    assert_true(sheet_keeps_time(us));
    struct str have = {text, sheet_format_serial(us, text)};
    if (!str_equal(have, str_of(want)))
        fail_msg("%s: have %.*s, want %s", time, STR_ARG(have), want);
}

static void a_time_is_days_since_the_end_of_1899(void **state)
{
    (void)state;
    check_serial("1900-03-01 00:00:00", "61");
    check_serial("1970-01-01 00:00:00", "25569");
    check_serial("2025-08-01 12:00:00", "45870.5");
    check_serial("2025-08-01 18:45:00", "45870.78125");
    check_serial("2025-08-01 00:00:00.000001", "45870.000000000011574");
    check_serial("2025-08-01 23:59:59.999999", "45870.999999999988426");
    check_serial("9999-12-31 23:59:59.999", "2958465.999999988425926");
}

/* As a reader does it: the day and its fraction as a double, to the nearest microsecond. */
static void every_microsecond_of_our_days_reads_back(void **state)
{
    (void)state;
    static const int64_t day = INT64_C(20301) * CALENDAR_DAY_US; /* 2025-08-01 */
    for (int64_t us = 0; us < CALENDAR_DAY_US; us += INT64_C(7919000) + 1) {
        char text[SHEET_SERIAL_SIZE];
        size_t len = sheet_format_serial(day + us, text);
        double serial = 0;
        assert_true(number_parse_double((struct str){text, len}, &serial));
        double back = (serial - 25569 - 20301) * (double)CALENDAR_DAY_US;
        assert_true(fabs(back - (double)us) < 0.7);
    }
}

static void days_before_march_1900_and_after_9999_are_not_dates_of_a_spreadsheet(void **state)
{
    (void)state;
    static const struct {
        const char *time;
        bool is_kept;
    } cases[] = {{"1900-02-28 23:59:59.999999", false},
                 {"1900-03-01 00:00:00", true},
                 {"0001-01-01 00:00:00", false},
                 {"9999-12-31 23:59:59.999", true},
                 {"9999-12-31 23:59:59.999001", false},
                 {"9999-12-31 23:59:59.999999", false}}; /* as a double it is the year 10000 */
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t us = 0;
        assert_true(calendar_parse_timestamp(str_of(cases[i].time), &us));
        assert_int_equal(sheet_keeps_time(us), cases[i].is_kept);
    }
    assert_false(sheet_keeps_time(INT64_C(253402300800000000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_integer_of_15_significant_digits_is_kept),
        cmocka_unit_test(a_decimal_of_15_significant_digits_and_a_doubles_size_is_kept),
        cmocka_unit_test(a_time_is_days_since_the_end_of_1899),
        cmocka_unit_test(every_microsecond_of_our_days_reads_back),
        cmocka_unit_test(days_before_march_1900_and_after_9999_are_not_dates_of_a_spreadsheet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
