/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and their texts. Doubles print as the shortest text that reads back, beside printf and
 * strtod; decimals are rounded as integers of 128 bits are. The input: which of three, then eight
 * bytes of a double; places and a text; or a text.
 */
#include "base/number.h"
#include "export/decimal.h"
#include "export/decimal_round.h"
#include "export/sheet_number.h"
#include "tests/fuzz/fuzz_input.h"

#include <math.h>

__extension__ typedef __int128 int128;

enum { MAX_PLACES = 15, EXACT_DIGITS = 18, EXACT_ZEROS = 5 }; /* 10^38 in all */

/* ---- Doubles ---- */

static size_t count_digits(struct str text)
{
    size_t count = 0;
    size_t zeros = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != 'e'; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || (!count && text.ptr[i] == '0'))
            continue;
        count++;
        zeros = text.ptr[i] == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* The digits that printf needs until it reads back: never fewer than are needed. */
static size_t printed_digits(double number)
{
    char text[NUMBER_TEXT_SIZE];
    for (int digits = 1; digits < 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, number);
        if (strtod(text, NULL) == number)
            return (size_t)digits;
    }
    return 17;
}

static void check_double(double number)
{
    char print[NUMBER_TEXT_SIZE];
    size_t len = number_format_double(number, print);
    struct str text = {print, len};
    fuzz_require(len < NUMBER_TEXT_SIZE && print[len] == '\0', "a number fits", text);
    if (!isfinite(number)) {
        fuzz_require(decimal_is_not_finite(text), "what is not finite has a name", text);
        return;
    }
    double back = strtod(print, NULL);
    double parsed = 0;
    fuzz_require(fuzz_is_same(back, number), "a double reads back the same", text);
    fuzz_require(number_parse_double(text, &parsed) && fuzz_is_same(parsed, number),
                 "our own parser reads it back", text);
    fuzz_require(count_digits(text) <= printed_digits(number), "no text is shorter", text);
    double magnitude = fabs(number);
    bool has_exponent = str_find(text, 'e') < text.len;
    if (number != 0)
        fuzz_require(has_exponent == (magnitude < 1e-5 || magnitude >= 1e15), "exponents", text);
    struct decimal decimal;
    fuzz_require(decimal_parse(text, &decimal) && decimal.is_canonical, "JSON takes it", text);
}

/* ---- Decimals ---- */

static bool is_small(const struct decimal *decimal, int64_t *out_exponent)
{
    enum { FAR = 1000 };
    *out_exponent = 0;
    struct str digits = decimal->exponent;
    if (digits.len) {
        size_t skip = digits.len > 1 && digits.ptr[1] == '+' ? 2 : 1;
        digits = (struct str){digits.ptr + skip, digits.len - skip};
        if (!str_to_int64(digits, out_exponent) || *out_exponent > FAR || *out_exponent < -FAR)
            return false;
    }
    int64_t scale = (int64_t)decimal->fraction.len - *out_exponent;
    return decimal->whole.len + decimal->fraction.len <= EXACT_DIGITS && scale <= EXACT_DIGITS &&
           scale >= -EXACT_ZEROS;
}

static int128 power_of_ten(int64_t exponent)
{
    int128 power = 1;
    for (int64_t i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

static void print_scaled(int128 value, int places, struct buf *out)
{
    char digits[64];
    size_t at = sizeof digits;
    for (int i = 0; value || i <= places; i++) {
        if (i == places && places > 0)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    buf_add(out, digits + at, sizeof digits - at);
}

/* Half away from zero, exactly. */
static void check_exact(const struct decimal *decimal, int64_t exponent, int places,
                        struct str have)
{
    int128 value = 0;
    for (size_t i = 0; i < decimal->whole.len; i++)
        value = value * 10 + (decimal->whole.ptr[i] - '0');
    for (size_t i = 0; i < decimal->fraction.len; i++)
        value = value * 10 + (decimal->fraction.ptr[i] - '0');
    int64_t scale = (int64_t)decimal->fraction.len - exponent;
    if (scale > places) {
        int128 unit = power_of_ten(scale - places);
        value = (value + unit / 2) / unit;
    } else {
        value *= power_of_ten(places - scale);
    }
    struct buf want CLEANUP(buf_done);
    buf_init(&want, SIZE_MAX);
    if (decimal->is_negative && value)
        buf_add_char(&want, '-');
    print_scaled(value, places, &want);
    fuzz_require_equal(have, buf_str(&want), "rounded half away from zero");
}

static void check_round(int places, struct str text)
{
    struct buf out CLEANUP(buf_done);
    struct decimal decimal;
    int64_t exponent = 0;
    buf_init(&out, 1 << 20);
    bool is_number = decimal_parse(text, &decimal);
    bool is_rounded = decimal_round(text, places, &out);
    fuzz_require(is_number || !is_rounded, "what is no number is not rounded", text);
    fuzz_require(is_rounded || !out.len, "nothing is added", text);
    if (!is_rounded) {
        fuzz_require(!is_number || !is_small(&decimal, &exponent), "a number is rounded", text);
        return;
    }
    struct str have = buf_str(&out);
    size_t point = str_find(have, '.');
    size_t have_places = point < have.len ? have.len - point - 1 : 0;
    fuzz_require(have_places == (size_t)places, "as many places as asked for", have);
    fuzz_require(have.len <= text.len + DECIMAL_ROUND_MAX_ZEROS + (size_t)places + 3, "size", text);
    fuzz_require(decimal_parse(have, &decimal) && decimal.is_canonical, "it is a number", have);
    if (decimal_parse(text, &decimal) && is_small(&decimal, &exponent))
        check_exact(&decimal, exponent, places, have);
}

/* ---- Texts ---- */

/* What a spreadsheet keeps prints the same with 15 digits as with all. */
static void check_kept(const struct decimal *decimal, const char *text)
{
    char print[NUMBER_TEXT_SIZE];
    if (!sheet_keeps_decimal(decimal))
        return;
    double number = strtod(text, NULL);
    (void)snprintf(print, sizeof print, "%.14e", number);
    fuzz_require(isfinite(number) && strtod(print, NULL) == number, "15 digits are all of it",
                 str_of(text));
}

static void check_text(struct str text)
{
    enum { LONGEST = 64 };
    char *copy = strndup(text.ptr, text.len);
    double parsed = 0;
    struct decimal decimal;
    bool is_decimal = decimal_parse(text, &decimal);
    if (number_parse_double(text, &parsed)) {
        double want = strtod(copy, NULL);
        fuzz_require(fuzz_is_same(want, parsed), "a number is read exactly", text);
        fuzz_require(is_decimal, "a number is a decimal", text);
    } else if (is_decimal && decimal.is_canonical && text.len <= LONGEST) {
        fuzz_require(!isfinite(strtod(copy, NULL)), "a number is read", text);
    }
    if (is_decimal)
        check_kept(&decimal, copy);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    switch (fuzz_choice(&input, 3)) {
    case 0:
        check_double(fuzz_double(&input));
        break;
    case 1: {
        int places = (int)fuzz_choice(&input, MAX_PLACES + 1);
        check_round(places, fuzz_rest(&input));
        break;
    }
    default:
        check_text(fuzz_rest(&input));
        break;
    }
    return 0;
}
