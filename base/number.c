/* SPDX-License-Identifier: Apache-2.0
 *
 * See number.h. The shortest decimal of a double is found in one of three ways, all of them exact:
 *
 * Short: most doubles in a database are m / 10^k with m below 10^15 and k at most 9. A quotient of
 * two exact doubles is correctly rounded, so it is what reading "m·10^-k" gives (Clinger 1990).
 * Plain: the doubles that read back as this one are an interval; from 1e-10 to 1e15 its ends, times
 * 10^k, fit 128 bits without rounding. The roundest integer between them is the answer.
 * Printed: the rest, very small or large, by printf with more digits until it reads back.
 * Of two equally near ones the even one is taken, as printf does.
 */
#include "base/number.h"

#include <assert.h>
#include <float.h>
#include <math.h>

enum {
    SHORT_DECIMALS = 9,
    MAX_DIGITS = 17,
    PLAIN_EXPONENT_MIN = -5, /* of the first digit: below, and from the other on, with an "e" */
    PLAIN_EXPONENT_MAX = 15,
    FRACTION_BITS = 52,
    EXPONENT_BIAS = 1075, /* of a double whose fraction is read as an integer */
    EXPONENT_MASK = 0x7FF,
};

__extension__ typedef unsigned __int128 uint128;

/* digits · 10^-scale; the last digit is not zero, but for zero itself. */
struct decimal {
    uint64_t digits;
    int scale;
};

static const double powers_of_ten[SHORT_DECIMALS + 1] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                                         1e5, 1e6, 1e7, 1e8, 1e9};
static const double short_max = 1e15;
static const double plain_min = 1e-10;

const char number_pairs[200] = {
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899"};

static unsigned count_digits(uint64_t value)
{
    static const uint64_t powers[] = {0,
                                      UINT64_C(10),
                                      UINT64_C(100),
                                      UINT64_C(1000),
                                      UINT64_C(10000),
                                      UINT64_C(100000),
                                      UINT64_C(1000000),
                                      UINT64_C(10000000),
                                      UINT64_C(100000000),
                                      UINT64_C(1000000000),
                                      UINT64_C(10000000000),
                                      UINT64_C(100000000000),
                                      UINT64_C(1000000000000),
                                      UINT64_C(10000000000000),
                                      UINT64_C(100000000000000),
                                      UINT64_C(1000000000000000),
                                      UINT64_C(10000000000000000),
                                      UINT64_C(100000000000000000),
                                      UINT64_C(1000000000000000000),
                                      UINT64_C(10000000000000000000)};
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned guess = bits * 1233 >> 12; /* bits · log10(2): right, or one too many */
    return guess + (value >= powers[guess]);
}

static size_t put_uint64(uint64_t value, char *out)
{
    unsigned count = count_digits(value);
    if (count == 0)
        count = 1;
    char *at = out + count;
    *at = '\0';
    while (value >= 100) {
        at -= 2;
        memcpy(at, number_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        memcpy(at - 2, number_pairs + 2 * value, 2);
    } else {
        at[-1] = (char)('0' + value);
    }
    return count;
}

size_t number_format_int64(int64_t value, char out[NUMBER_TEXT_SIZE])
{
    if (value >= 0)
        return put_uint64((uint64_t)value, out);
    out[0] = '-';
    return 1 + put_uint64(0 - (uint64_t)value, out + 1);
}

/* Takes zeros off the end. */
static struct decimal reduced(uint64_t digits, int scale)
{
    while (digits && digits % 10000 == 0) {
        digits /= 10000;
        scale -= 4;
    }
    while (digits && digits % 10 == 0) {
        digits /= 10;
        scale--;
    }
    return (struct decimal){digits, digits ? scale : 0};
}

/* False if the value, not negative, is no short decimal. */
static bool find_short(double value, struct decimal *out)
{
    if (value >= short_max)
        return false;
    int scale = SHORT_DECIMALS;
    while (value * powers_of_ten[scale] >= short_max)
        scale--;
    uint64_t digits = (uint64_t)(value * powers_of_ten[scale] + 0.5);
    if ((double)digits / powers_of_ten[scale] != value)
        return false;
    *out = reduced(digits, scale);
    return true;
}

static int floor_log10_of_power(int exponent_of_two)
{
    return exponent_of_two * 78913 >> 18;
}

/* The roundest of the integers low..high, counting in ones of 2^-shift for `exact`, the value they
 * stand for; of several equally round ones the nearest to it. */
static struct decimal roundest(uint64_t low, uint64_t high, uint128 exact, int shift, int scale)
{
    uint64_t unit = 1;
    while ((low + 9) / 10 <= high / 10) {
        low = (low + 9) / 10;
        high /= 10;
        unit *= 10;
        scale--;
    }
    uint64_t digits = (uint64_t)(exact >> shift) / unit;
    uint128 rest = exact - ((uint128)digits * unit << shift);
    uint128 whole = (uint128)unit << shift;
    if (rest * 2 > whole || (rest * 2 == whole && digits % 2))
        digits++;
    if (digits < low)
        digits = low;
    if (digits > high)
        digits = high;
    return (struct decimal){digits, scale};
}

/* For values from plain_min to short_max: 4c·5^scale has at most 118 bits. */
static struct decimal find_plain(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    uint64_t c = (bits & ((UINT64_C(1) << FRACTION_BITS) - 1)) | UINT64_C(1) << FRACTION_BITS;
    int q = (int)(bits >> FRACTION_BITS & EXPONENT_MASK) - EXPONENT_BIAS; /* value = c · 2^q */
    int scale = MAX_DIGITS - 1 - floor_log10_of_power(q + FRACTION_BITS);
    uint64_t power = 1;
    for (int i = 0; i < scale; i++)
        power *= 5;
    int shift = 2 - q - scale; /* quarters of c, and of 10^scale = 5^scale · 2^scale the twos */
    bool is_power_of_two = c == UINT64_C(1) << FRACTION_BITS; /* its lower neighbour is nearer */
    uint128 one = (uint128)1 << shift;
    uint128 exact = (uint128)(4 * c) * power;
    uint128 low = (uint128)(4 * c - (is_power_of_two ? 1 : 2)) * power;
    uint128 high = (uint128)(4 * c + 2) * power;
    if (c & 1) { /* the very ends read as the even neighbours */
        low++;
        high--;
    }
    return roundest((uint64_t)((low + one - 1) >> shift), (uint64_t)(high >> shift), exact, shift,
                    scale);
}

/* "d.ddd…e±xx", or with another point in another locale. */
static struct decimal read_printed(const char *text)
{
    uint64_t digits = 0;
    int count = 0;
    for (; *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        digits = digits * 10 + (uint64_t)(*text - '0');
        count++;
    }
    return (struct decimal){digits, count - 1 - (int)strtol(text + 1, NULL, 10)};
}

static bool reads_as(struct decimal decimal, double value)
{
    char text[NUMBER_TEXT_SIZE];
    (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)decimal.digits,
                   -decimal.scale);
    return strtod(text, NULL) == value;
}

static struct decimal find_printed(double value)
{
    struct decimal decimal = {0, 0};
    int exponent = 0;
    bool is_power_of_two = frexp(value, &exponent) == 0.5;
    for (int digits = value < DBL_MIN ? 1 : DBL_DIG; digits <= MAX_DIGITS; digits++) {
        char text[NUMBER_TEXT_SIZE];
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, value);
        decimal = read_printed(text);
        if (digits == MAX_DIGITS || reads_as(decimal, value))
            break;
        decimal.digits++; /* farther from it, but on the side where a power of two has more room */
        if (is_power_of_two && reads_as(decimal, value))
            break;
    }
    return reduced(decimal.digits, decimal.scale);
}

static size_t put_scientific(const char *digits, size_t count, int exponent, char *out)
{
    size_t len = 0;
    out[len++] = digits[0];
    if (count > 1) {
        out[len++] = '.';
        memcpy(out + len, digits + 1, count - 1);
        len += count - 1;
    }
    return len + (size_t)snprintf(out + len, NUMBER_TEXT_SIZE - 1 - len, "e%+03d", exponent);
}

static size_t put_decimal(struct decimal value, char *out)
{
    char digits[NUMBER_TEXT_SIZE];
    size_t count = put_uint64(value.digits, digits);
    int point = (int)count - value.scale; /* digits before the point */
    if (value.digits && (point <= PLAIN_EXPONENT_MIN || point > PLAIN_EXPONENT_MAX))
        return put_scientific(digits, count, point - 1, out);
    size_t len = 0;
    if (point <= 0) {
        size_t zeros = (size_t)-point;
        memcpy(out, "0.00000", 2 + zeros);
        memcpy(out + 2 + zeros, digits, count);
        len = 2 + zeros + count;
    } else if ((size_t)point < count) {
        memcpy(out, digits, (size_t)point);
        out[point] = '.';
        memcpy(out + point + 1, digits + point, count - (size_t)point);
        len = count + 1;
    } else {
        memcpy(out, digits, count);
        memset(out + count, '0', (size_t)point - count);
        len = (size_t)point;
    }
    out[len] = '\0';
    return len;
}

static size_t put_word(const char *word, char *out)
{
    size_t len = strlen(word);
    memcpy(out, word, len + 1);
    return len;
}

size_t number_format_double(double value, char out[NUMBER_TEXT_SIZE])
{
    if (isnan(value))
        return put_word("NaN", out);
    size_t sign = signbit(value) ? 1 : 0;
    if (sign)
        out[0] = '-';
    double magnitude = fabs(value);
    if (isinf(magnitude))
        return sign + put_word("Infinity", out + sign);
    struct decimal decimal;
    if (!find_short(magnitude, &decimal)) {
        decimal = magnitude >= plain_min && magnitude < short_max ? find_plain(magnitude)
                                                                  : find_printed(magnitude);
    }
    return sign + put_decimal(decimal, out + sign);
}

static size_t skip_digits(struct str text, size_t at)
{
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at;
}

/* [+-] digits [. digits] [e [+-] digits], all of the text. */
static bool is_decimal(struct str text)
{
    size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
    size_t begin = at;
    at = skip_digits(text, at);
    if (at == begin)
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        begin = ++at;
        at = skip_digits(text, at);
        if (at == begin)
            return false;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+'))
            at++;
        begin = at;
        at = skip_digits(text, at);
        if (at == begin)
            return false;
    }
    return at == text.len;
}

/* Reads [-] digits [. digits] of at most 15 digits: the integer of them and the power of ten are
 * exact doubles, so one division rounds once (Clinger 1990). False for anything else, right or
 * wrong. */
static bool parse_short(struct str text, double *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    enum { MOST_DIGITS = COUNT_OF(powers) - 1 };
    size_t begin = text.len && text.ptr[0] == '-';
    size_t point = text.len;
    uint64_t digits = 0;
    if (text.len - begin > MOST_DIGITS + 1)
        return false;
    for (size_t i = begin; i < text.len; i++) {
        unsigned digit = (unsigned)(text.ptr[i] - '0');
        if (digit <= 9) {
            digits = digits * 10 + digit;
        } else if (text.ptr[i] == '.' && point == text.len && i > begin && i + 1 < text.len) {
            point = i;
        } else {
            return false;
        }
    }
    size_t scale = point < text.len ? text.len - point - 1 : 0;
    if (text.len - begin - (point < text.len) - 1 >= MOST_DIGITS)
        return false;
    double value = (double)digits / powers[scale];
    *out = begin ? -value : value;
    return true;
}

/* strtod heeds the locale that a program around us may have set. */
static double read_double(const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc: allocates nothing */
    assert(plain);
    double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

bool number_parse_double(struct str text, double *out)
{
    if (parse_short(text, out))
        return true;
    enum { LONGEST = 64 };
    char copy[LONGEST + 1];
    if (text.len > LONGEST || !is_decimal(text))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    double value = read_double(copy);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}
