/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounding of decimal text: as PostgreSQL's round(numeric, places) prints it.
 */
#include "export/decimal_round.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void numbers_are_rounded_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int places;
        const char *want; /* NULL: left alone */
    } table[] = {
        {"1.5", 2, "1.50"},
        {"1", 2, "1.00"},
        {"1", 0, "1"},
        {"1.005", 2, "1.01"},
        {"-1.005", 2, "-1.01"},
        {"1.004999999", 2, "1.00"},
        {"0.5", 0, "1"},
        {"1.5", 0, "2"},
        {"2.5", 0, "3"},
        {"-2.5", 0, "-3"},
        {"0.49999", 0, "0"},
        {"9.995", 2, "10.00"},
        {"-99999.5", 0, "-100000"},
        {"999", 2, "999.00"},
        {"0.995", 2, "1.00"},
        {"-0.004", 2, "0.00"},
        {"-0.005", 2, "-0.01"},
        {"-0", 2, "0.00"},
        {"0", 15, "0.000000000000000"},
        {"0.0000000000000005", 15, "0.000000000000001"},
        {"12345678901234567890.123456789", 4, "12345678901234567890.1235"},
        {"007.50", 1, "7.5"},
        {".5", 2, "0.50"},
        {"5.", 2, "5.00"},
        {"+5", 2, "5.00"},
        {"1e3", 2, "1000.00"},
        {"1.2345e2", 1, "123.5"},
        {"0.00012e5", 0, "12"},
        {"125e-2", 1, "1.3"},
        {"1E-5", 2, "0.00"},
        {"9.99e-1", 2, "1.00"},
        {"5e-324", 15, "0.000000000000000"},
        {"5e-3", 2, "0.01"},
        {"5e-4", 2, "0.00"},
        {"9e-99999999999999999999999", 2, "0.00"},
        {"0e99999999999999999999999", 2, "0.00"},
        {"1e401", 2, NULL},
        {"1e99999999999999999999999", 2, NULL},
        {"NaN", 2, NULL},
        {"Infinity", 2, NULL},
        {"-Infinity", 2, NULL},
        {"", 2, NULL},
        {".", 2, NULL},
        {"12e", 2, NULL},
        {"1.2.3", 2, NULL},
        {"abc", 2, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct buf out;
        buf_init(&out, 4096);
        buf_add_text(&out, "=");
        bool is_rounded = decimal_round(str_of(table[i].text), table[i].places, &out);
        assert_int_equal(is_rounded, table[i].want != NULL);
        buf_add_char(&out, '\0');
        assert_int_equal(out.ptr[0], '=');
        assert_string_equal(out.ptr + 1, table[i].want ? table[i].want : "");
        buf_done(&out);
    }
}

static void exponents_become_digits_within_bounds(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    assert_true(decimal_round(STR("1.5e+300"), 2, &out));
    assert_int_equal(out.len, 304);
    assert_memory_equal(out.ptr, "1500000", 7);
    assert_memory_equal(out.ptr + 299, "00.00", 5);
    buf_clear(&out);
    assert_true(decimal_round(STR("-1e400"), 0, &out));
    assert_int_equal(out.len, 402);
    buf_done(&out);
    buf_init(&out, 8);
    assert_false(decimal_round(STR("12345678.9"), 2, &out)); /* more than the buffer's maximum */
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

static void a_hundred_thousand_digits_are_counted_up(void **state)
{
    (void)state;
    enum { DIGITS = 100000 };
    struct buf text;
    buf_init(&text, DIGITS + 3);
    memset(buf_reserve(&text, DIGITS), '9', DIGITS);
    buf_commit(&text, DIGITS);
    buf_add_text(&text, ".95");
    struct buf out;
    buf_init(&out, DIGITS * 2);
    assert_true(decimal_round(buf_str(&text), 1, &out));
    assert_int_equal(out.len, DIGITS + 3);
    assert_int_equal(out.ptr[0], '1');
    for (size_t i = 1; i <= DIGITS; i++)
        assert_int_equal(out.ptr[i], '0');
    assert_memory_equal(out.ptr + DIGITS + 1, ".0", 2);
    buf_done(&out);
    buf_done(&text);
}

static void it_is_what_whole_numbers_give(void **state)
{
    (void)state;
    enum { NUMBERS = 20000, SCALE = 9 };
    const char *given = getenv("SEED");
    int64_t number = getpid();
    if (given)
        assert_true(str_to_int64(str_of(given), &number));
    print_message("SEED=%lld\n", (long long)number);
    uint64_t seed = (uint64_t)number;
    struct buf out;
    buf_init(&out, 4096);
    for (int i = 0; i < NUMBERS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t value = (int64_t)(seed >> (16 + seed % 41)); /* billionths */
        int places = (int)((seed >> 8) % SCALE) + 1;
        bool is_negative = seed & 64;
        int64_t unit = 1;
        for (int n = places; n < SCALE; n++)
            unit *= 10;
        int64_t rounded = (value + unit / 2) / unit * unit;
        char text[64];
        char want[64];
        (void)snprintf(text, sizeof text, "%s%lld.%09lld", is_negative ? "-" : "",
                       (long long)(value / 1000000000), (long long)(value % 1000000000));
        (void)snprintf(want, sizeof want, "%s%lld.%09lld", is_negative && rounded ? "-" : "",
                       (long long)(rounded / 1000000000), (long long)(rounded % 1000000000));
        want[strlen(want) - (size_t)(SCALE - places)] = '\0';
        buf_clear(&out);
        assert_true(decimal_round(str_of(text), places, &out));
        buf_add_char(&out, '\0');
        assert_string_equal(out.ptr, want);
    }
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_rounded_half_away_from_zero),
        cmocka_unit_test(exponents_become_digits_within_bounds),
        cmocka_unit_test(a_hundred_thousand_digits_are_counted_up),
        cmocka_unit_test(it_is_what_whole_numbers_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
