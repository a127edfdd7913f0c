/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text: the shortest form that reads back, in every place of the plain and the
 * scientific range.
 */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void integers_are_written_in_full(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *want;
    } table[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {99, "99"},
        {100, "100"},
        {-1, "-1"},
        {-100, "-100"},
        {1234567, "1234567"},
        {999999999, "999999999"},
        {1000000000, "1000000000"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    char out[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_int_equal(number_format_int64(table[i].value, out), strlen(table[i].want));
        assert_string_equal(out, table[i].want);
    }
    int64_t power = 1;
    for (int digits = 1; digits <= 18; digits++, power *= 10) { /* both sides of each length */
        for (int64_t value = power - 1; value <= power + 1; value++) {
            char want[NUMBER_TEXT_SIZE];
            (void)snprintf(want, sizeof want, "%lld", (long long)value);
            assert_int_equal(number_format_int64(value, out), strlen(want));
            assert_string_equal(out, want);
        }
    }
}

/* tools/test runs these tests in locales that write 1,5: see tests/support/locale.c. */
static void the_locale_of_the_environment_is_in_effect_and_changes_nothing(void **state)
{
    (void)state;
    const char *name = getenv("LC_ALL");
    bool has_comma = name && (strcmp(name, "de_DE.UTF-8") == 0 || strcmp(name, "tr_TR.UTF-8") == 0);
    if (has_comma && getenv("LOCPATH"))
        assert_string_equal(localeconv()->decimal_point, ",");
    char out[NUMBER_TEXT_SIZE];
    (void)number_format_double(1.5, out);
    assert_string_equal(out, "1.5");
    double number = 0;
    assert_true(number_parse_double(STR("1.5"), &number));
    assert_true(number == 1.5);
    assert_false(number_parse_double(STR("1,5"), &number));
}

/* The C library's reader, in its own locale. */
static double read_plain(const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

static void doubles_have_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want;
    } table[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {100, "100"},
        {1e6, "1000000"},
        {1e14, "100000000000000"},
        {999999999999999, "999999999999999"},
        {1e15, "1e+15"}, /* from here on with an exponent */
        {123456789012345678.0, "1.2345678901234568e+17"},
        {9007199254740993.0, "9.007199254740992e+15"},
        {0.00001, "0.00001"},
        {0.00001234, "0.00001234"},
        {0.000009999, "9.999e-06"}, /* and below here */
        {1e-7, "1e-07"},
        {1.5e-7, "1.5e-07"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {1e308, "1e+308"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {5e-324, "5e-324"}, /* the least */
        {1.2345678901234567, "1.2345678901234567"},
        {123456789.123456789, "123456789.12345679"},
        {0x1p-20, "9.5367431640625e-07"},
        {4.35, "4.35"},
        {0.005, "0.005"},
        {1234567.125, "1234567.125"},
        /* exactly between two of the shortest: the even one, as Python has it */
        {980094570363208.25, "980094570363208.2"},
        {980094570363208.75, "980094570363208.8"},
        {260262883903207.125, "260262883903207.12"},
        {260262883903207.375, "260262883903207.38"},
        {21819547651445.8125, "21819547651445.812"},
        {17722200895010.0625, "17722200895010.062"},
        /* powers of two, as Python has them: the nearest of 16 digits is another double */
        {0x1p-1017, "7.120236347223045e-307"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p-24, "5.960464477539063e-08"},
        {0x1p89, "6.189700196426902e+26"},
        {0x1p122, "5.316911983139664e+36"},
        {NAN, "NaN"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
    };
    char out[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_int_equal(number_format_double(table[i].value, out), strlen(table[i].want));
        assert_string_equal(out, table[i].want);
    }
}

/* splitmix64. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Of the sizes of money, of any size, short decimals and halves of them, and powers of two. */
static double random_double(uint64_t *seed)
{
    uint64_t bits = next_random(seed);
    double value = 0;
    switch (bits % 5) {
    case 0:
        return (double)(int64_t)(bits >> 30) / 100.0;
    case 1:
        return (double)(bits >> 11) / 0x1p40;
    case 2:
        value = (double)(bits >> 11) / 0x1p83;
        for (uint64_t i = bits % 7919 % 24; i > 0; i--)
            value *= 10;
        return value;
    case 3:
        return ldexp(1, (int)(bits >> 32 & 0xFF) - 150);
    default:
        memcpy(&value, &bits, sizeof value);
        return isfinite(value) ? value : 0.5;
    }
}

static size_t significant_digits(const char *text)
{
    size_t count = 0;
    size_t zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static size_t shortest_by_search(double value)
{
    char text[NUMBER_TEXT_SIZE];
    for (int digits = 1; digits < 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            break;
        (void)snprintf(text, sizeof text, "%.16e", value);
    }
    return significant_digits(text);
}

/* Below a power of two the doubles lie closer than above it, so the shortest text need not be the
 * nearest one of its length: both neighbours are tried here. */
static void every_power_of_two_has_its_shortest_form(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        double value = ldexp(1, exponent);
        char out[NUMBER_TEXT_SIZE];
        (void)number_format_double(value, out);
        assert_true(read_plain(out) == value);
        for (int digits = 1; digits < (int)significant_digits(out); digits++) {
            char text[NUMBER_TEXT_SIZE];
            (void)snprintf(text, sizeof text, "%.*e", digits - 1, value);
            char *mark = strchr(text, 'e');
            int nearest_exponent = (int)strtol(mark + 1, NULL, 10) - (digits - 1);
            *mark = '\0';
            if (digits > 1)
                memmove(text + 1, text + 2, strlen(text + 2) + 1); /* the point */
            long long nearest = strtoll(text, NULL, 10);
            for (long long near = nearest - 1; near <= nearest + 1; near++) {
                (void)snprintf(text, sizeof text, "%llde%d", near, nearest_exponent);
                if (strtod(text, NULL) == value)
                    fail_msg("2^%d is written %s, but %s is shorter", exponent, out, text);
            }
        }
    }
}

static void a_million_doubles_read_back_as_they_were(void **state)
{
    (void)state;
    enum { COUNT = 1000000, SEARCHED = 50 };
    uint64_t seed = (uint64_t)getpid();
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < COUNT; i++) {
        double value = random_double(&seed);
        char out[NUMBER_TEXT_SIZE];
        size_t len = number_format_double(value, out);
        assert_int_equal(len, strlen(out));
        double back = read_plain(out);
        if (back != value || signbit(back) != signbit(value))
            fail_msg("%.17g is written %s", value, out);
        double read = 0;
        if (!number_parse_double(str_of(out), &read) || memcmp(&read, &back, sizeof read) != 0)
            fail_msg("%s is read as %.17g", out, read);
        double magnitude = fabs(value);
        bool has_exponent = strchr(out, 'e') != NULL;
        assert_int_equal(has_exponent, value != 0 && (magnitude < 1e-5 || magnitude >= 1e15));
        if (i % SEARCHED == 0 && significant_digits(out) > shortest_by_search(value))
            fail_msg("%s is not the shortest", out);
    }
}

static void numbers_are_read_as_json_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_number;
        double value;
    } table[] = {
        {"0", true, 0},       {"-1.5", true, -1.5},   {"+2", true, 2},     {"1e3", true, 1000},
        {"1E-2", true, 0.01}, {"1e+2", true, 100},    {"", false, 0},      {"-", false, 0},
        {".5", false, 0},     {"5.", false, 0},       {"1e", false, 0},    {"1e+", false, 0},
        {" 1", false, 0},     {"1 ", false, 0},       {"1,5", false, 0},   {"0x10", false, 0},
        {"NaN", false, 0},    {"Infinity", false, 0}, {"1e999", false, 0}, {"1.2.3", false, 0},
        {"--1", false, 0},    {"1e400", false, 0},    {"1_000", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        double value = -7;
        assert_int_equal(number_parse_double(str_of(table[i].text), &value), table[i].is_number);
        assert_true(value == (table[i].is_number ? table[i].value : -7));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_in_full),
        cmocka_unit_test(the_locale_of_the_environment_is_in_effect_and_changes_nothing),
        cmocka_unit_test(doubles_have_their_shortest_form),
        cmocka_unit_test(every_power_of_two_has_its_shortest_form),
        cmocka_unit_test(a_million_doubles_read_back_as_they_were),
        cmocka_unit_test(numbers_are_read_as_json_writes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
