/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates and times, written and read, from year 1 to 9999.
 */
#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void times_are_written_in_each_form(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *timestamp;
        const char *sql;
        const char *date;
        const char *compact;
    } table[] = {
        {0, "1970-01-01T00:00:00.000Z", "1970-01-01 00:00:00.000", "1970-01-01", "19700101-000000"},
        {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999", "1969-12-31",
         "19691231-235959"},
        {INT64_C(1754051696007000), "2025-08-01T12:34:56.007Z", "2025-08-01 12:34:56.007",
         "2025-08-01", "20250801-123456"},
        {INT64_C(1754051696000010), "2025-08-01T12:34:56.000010Z", "2025-08-01 12:34:56.000010",
         "2025-08-01", "20250801-123456"},
        {INT64_C(951827696000000), "2000-02-29T12:34:56.000Z", "2000-02-29 12:34:56.000",
         "2000-02-29", "20000229-123456"},
        {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000Z", "0001-01-01 00:00:00.000",
         "0001-01-01", "00010101-000000"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999",
         "9999-12-31", "99991231-235959"},
    };
    char out[CALENDAR_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_int_equal(calendar_format_timestamp(table[i].us, out), strlen(table[i].timestamp));
        assert_string_equal(out, table[i].timestamp);
        assert_int_equal(calendar_format_sql(table[i].us, out), strlen(table[i].sql));
        assert_string_equal(out, table[i].sql);
        assert_int_equal(calendar_format_date(table[i].us, out), strlen(table[i].date));
        assert_string_equal(out, table[i].date);
        assert_int_equal(calendar_format_compact(table[i].us, out), strlen(table[i].compact));
        assert_string_equal(out, table[i].compact);
    }
}

static void an_instant_has_its_fields_a_day_before_year_1_too(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        struct civil want;
    } table[] = {
        {-1, {1969, 12, 31, 23, 59, 59, 999999}},
        {INT64_C(951827696000007), {2000, 2, 29, 12, 34, 56, 7}},
        {INT64_C(-62135596800000000) - 1, {0, 12, 31, 23, 59, 59, 999999}},
        {INT64_C(253402300800000000), {10000, 1, 1, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct civil have = calendar_civil(table[i].us);
        const struct civil *want = &table[i].want;
        assert_int_equal(have.year, want->year);
        assert_int_equal(have.month, want->month);
        assert_int_equal(have.day, want->day);
        assert_int_equal(have.hour, want->hour);
        assert_int_equal(have.minute, want->minute);
        assert_int_equal(have.second, want->second);
        assert_int_equal(have.us, want->us);
    }
}

static void every_day_reads_back_and_is_what_the_system_says(void **state)
{
    (void)state;
    enum { FIRST = -719162, LAST = 2932896 }; /* 0001-01-01, 9999-12-31 */
    for (int day = FIRST; day <= LAST; day++) {
        char out[CALENDAR_TEXT_SIZE];
        size_t len = calendar_format_date(day * CALENDAR_DAY_US, out);
        int64_t back = 0;
        assert_true(calendar_parse_date((struct str){out, len}, &back));
        assert_true(back == day * CALENDAR_DAY_US);
        if (day % 97 != 0)
            continue;
        time_t seconds = (time_t)day * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char want[64];
        (void)snprintf(want, sizeof want, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday);
        assert_string_equal(out, want);
    }
}

static void only_days_that_exist_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_date;
    } table[] = {
        {"2025-08-01", true},   {"2024-02-29", true},  {"2000-02-29", true},
        {"0001-01-01", true},   {"9999-12-31", true},  {"2025-02-29", false},
        {"1900-02-29", false},  {"2025-04-31", false}, {"0000-01-01", false},
        {"2025-00-01", false},  {"2025-13-01", false}, {"2025-01-00", false},
        {"2025-1-1", false},    {"20250801", false},   {"2025-08-01 ", false},
        {" 2025-08-01", false}, {"-025-08-01", false}, {"", false},
        {"10000-01-01", false}, {"2025/08/01", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int64_t us = -7;
        assert_int_equal(calendar_parse_date(str_of(table[i].text), &us), table[i].is_date);
        assert_int_equal(us == -7, !table[i].is_date);
    }
}

static void timestamps_are_read_in_all_their_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: refused */
    } table[] = {
        {"2025-08-01T12:34:56.000Z", "2025-08-01T12:34:56.000Z"},
        {"2025-08-01 12:34:56", "2025-08-01T12:34:56.000Z"},
        {"2025-08-01T12:34", "2025-08-01T12:34:00.000Z"},
        {"2025-08-01T12:34z", "2025-08-01T12:34:00.000Z"},
        {"2025-08-01T12:34:56.1", "2025-08-01T12:34:56.100Z"},
        {"2025-08-01T12:34:56.123456789Z", "2025-08-01T12:34:56.123456Z"},
        {"2025-08-01T12:34:56+02:00", "2025-08-01T10:34:56.000Z"},
        {"2025-08-01T12:34:56-0530", "2025-08-01T18:04:56.000Z"},
        {"2025-08-01T12:34:56+02", "2025-08-01T10:34:56.000Z"},
        {"2025-08-01T00:30:00+02:00", "2025-07-31T22:30:00.000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, /* a leap second */
        {"2025-08-01", NULL},
        {"2025-08-01T", NULL},
        {"2025-08-01T12", NULL},
        {"2025-08-01T24:00:00", NULL},
        {"2025-08-01T12:60:00", NULL},
        {"2025-08-01T12:00:61", NULL},
        {"2025-08-01T12:34:56.Z", NULL},
        {"2025-08-01T12:34:56.1234567890Z", NULL},
        {"2025-08-01T12:34:56+2", NULL},
        {"2025-08-01T12:34:56+02:", NULL},
        {"2025-08-01T12:34:56+24:00", NULL},
        {"2025-08-01T12:34:56ZZ", NULL},
        {"2025-08-01t12:34:56Z", NULL},
        {"2025-02-30T12:34:56Z", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int64_t us = -7;
        bool is_read = calendar_parse_timestamp(str_of(table[i].text), &us);
        if (is_read != (table[i].want != NULL))
            fail_msg("%s is %s", table[i].text, is_read ? "read" : "refused");
        if (!is_read)
            continue;
        char out[CALENDAR_TEXT_SIZE];
        (void)calendar_format_timestamp(us, out);
        assert_string_equal(out, table[i].want);
    }
}

static void times_of_day_read_to_their_microsecond(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } table[] = {
        {"00:00", 0},
        {"12:34", INT64_C(45240000000)},
        {"12:34:56", INT64_C(45296000000)},
        {"12:34:56.5", INT64_C(45296500000)},
        {"23:59:59.999999", INT64_C(86399999999)},
        {"23:59:60", CALENDAR_DAY_US},
        {"24:00", CALENDAR_DAY_US},
        {"24:00:00.000", CALENDAR_DAY_US},
        {"24:00:01", -1},
        {"24:01", -1},
        {"25:00", -1},
        {"12:60", -1},
        {"12", -1},
        {"1:30", -1},
        {"12:34:56Z", -1},
        {"12:34:56+02", -1},
        {" 12:34", -1},
        {"", -1},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int64_t us = -1;
        bool is_read = calendar_parse_time(str_of(table[i].text), &us);
        if (is_read != (table[i].want >= 0) || us != table[i].want)
            fail_msg("%s is %lld", table[i].text, (long long)us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_each_form),
        cmocka_unit_test(an_instant_has_its_fields_a_day_before_year_1_too),
        cmocka_unit_test(every_day_reads_back_and_is_what_the_system_says),
        cmocka_unit_test(only_days_that_exist_are_read),
        cmocka_unit_test(timestamps_are_read_in_all_their_forms),
        cmocka_unit_test(times_of_day_read_to_their_microsecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
