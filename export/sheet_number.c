/* SPDX-License-Identifier: Apache-2.0
 *
 * See sheet_number.h.
 */
#include "export/sheet_number.h"

enum { MOST_DIGITS = 15, MAX_MAGNITUDE = 307, MIN_MAGNITUDE = -307 };

#define MOST_INTEGER  INT64_C(999999999999999)
#define FIRST_DATE_US (INT64_C(-25508) * CALENDAR_DAY_US)         /* 1900-03-01 */
#define LAST_US       (INT64_C(2932897) * CALENDAR_DAY_US - 1000) /* 9999-12-31 23:59:59.999 */

bool sheet_keeps_integer(int64_t value)
{
    if (value >= -MOST_INTEGER && value <= MOST_INTEGER)
        return true;
    while (value % 10 == 0)
        value /= 10;
    return value >= -MOST_INTEGER && value <= MOST_INTEGER;
}

static size_t trailing_zeros(struct str digits)
{
    size_t zeros = 0;
    while (zeros < digits.len && digits.ptr[digits.len - 1 - zeros] == '0')
        zeros++;
    return zeros;
}

static size_t leading_zeros(struct str digits)
{
    size_t zeros = 0;
    while (zeros < digits.len && digits.ptr[zeros] == '0')
        zeros++;
    return zeros;
}

bool sheet_keeps_decimal(const struct decimal *value)
{
    size_t fraction = value->fraction.len - trailing_zeros(value->fraction);
    size_t whole = value->whole.len; /* without zeros at its front */
    int64_t magnitude = (int64_t)whole - 1;
    size_t digits = whole + fraction;
    if (!whole) {
        size_t zeros = leading_zeros(value->fraction);
        if (zeros == value->fraction.len)
            return true; /* it is zero */
        magnitude = -(int64_t)zeros - 1;
        digits = fraction - zeros;
    } else if (!fraction) {
        digits = whole - trailing_zeros(value->whole);
    }
    magnitude += decimal_exponent(value);
    return digits <= MOST_DIGITS && magnitude <= MAX_MAGNITUDE && magnitude >= MIN_MAGNITUDE;
}

bool sheet_keeps_time(int64_t local_us)
{
    return local_us >= FIRST_DATE_US && local_us <= LAST_US;
}

/* A microsecond is 625,000/54 of the fifteenth digit of a day. With fewer digits LibreOffice shows
 * half of all times a second early. */
static uint64_t fifteen_digits(int64_t us_of_day)
{
    return ((uint64_t)us_of_day * 625000 + 27) / 54;
}

static char *put_six(char *at, unsigned value)
{
    at = number_put_pair(at, value / 10000);
    at = number_put_pair(at, value / 100 % 100);
    return number_put_pair(at, value % 100);
}

size_t sheet_format_serial(int64_t local_us, char out[SHEET_SERIAL_SIZE])
{
    int64_t since_1899 = local_us - SHEET_DAY_ZERO_US; /* not negative */
    size_t len = number_format_int64(since_1899 / CALENDAR_DAY_US, out);
    uint64_t fraction = fifteen_digits(since_1899 % CALENDAR_DAY_US);
    if (fraction == 0)
        return len;
    unsigned last_three = (unsigned)(fraction % 1000);
    char *at = out + len;
    *at++ = '.';
    at = put_six(at, (unsigned)(fraction / 1000000000));
    at = put_six(at, (unsigned)(fraction / 1000 % 1000000));
    *at++ = (char)('0' + last_three / 100);
    at = number_put_pair(at, last_three % 100);
    len = (size_t)(at - out);
    return len - trailing_zeros((struct str){out, len});
}
