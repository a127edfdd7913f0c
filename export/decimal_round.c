/* SPDX-License-Identifier: Apache-2.0
 *
 * See decimal_round.h. The number is its digits and the place of its point among them, which may
 * lie before the first or behind the last: beyond them are zeros.
 */
#include "export/decimal_round.h"

#include "export/decimal.h"

enum { FRONT = 2 }; /* room for a sign, and for a digit more */

struct digits {
    struct str whole;
    struct str fraction;
    int64_t point; /* before this digit, counted from the first */
};

static int64_t count_of(const struct digits *digits)
{
    return (int64_t)(digits->whole.len + digits->fraction.len);
}

static char digit_at(const struct digits *digits, int64_t index)
{
    if (index < 0 || index >= count_of(digits))
        return '0';
    size_t at = (size_t)index;
    return at < digits->whole.len ? digits->whole.ptr[at]
                                  : digits->fraction.ptr[at - digits->whole.len];
}

/* Without zeros at the front, so that the first digit says how large the number is; one that is
 * zero has none. */
static struct digits digits_of(const struct decimal *decimal)
{
    struct digits digits = {decimal->whole, decimal->fraction, 0};
    digits.point = (int64_t)decimal->whole.len + decimal_exponent(decimal);
    while (!digits.whole.len && digits.fraction.len && digits.fraction.ptr[0] == '0') {
        digits.fraction = (struct str){digits.fraction.ptr + 1, digits.fraction.len - 1};
        digits.point--;
    }
    if (!count_of(&digits))
        digits.point = 0;
    return digits;
}

static char *put_digits(char *at, const struct digits *digits, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        *at++ = digit_at(digits, i);
    return at;
}

/* Counts up the last digit of a number; true if it needs one digit more, a 1 in front. */
static bool count_up(const char *begin, char *end)
{
    while (end > begin) {
        end--;
        if (*end == '.')
            continue;
        if (*end != '9') {
            (*end)++;
            return false;
        }
        *end = '0';
    }
    return true;
}

static bool is_zero(struct str number)
{
    for (size_t i = 0; i < number.len; i++) {
        if (number.ptr[i] != '0' && number.ptr[i] != '.')
            return false;
    }
    return true;
}

bool decimal_round(struct str text, int places, struct buf *out)
{
    struct decimal decimal;
    if (!decimal_parse(text, &decimal))
        return false;
    struct digits digits = digits_of(&decimal);
    int64_t end = digits.point + places;
    if (digits.point - count_of(&digits) > DECIMAL_ROUND_MAX_ZEROS)
        return false;
    size_t whole = digits.point > 0 ? (size_t)digits.point : 1;
    char *room = buf_reserve(out, FRONT + whole + 1 + (size_t)places);
    if (!room)
        return false;
    char *begin = room + FRONT;
    char *at = begin;
    if (digits.point <= 0)
        *at++ = '0';
    at = put_digits(at, &digits, 0, digits.point);
    if (places > 0)
        *at++ = '.';
    at = put_digits(at, &digits, digits.point, end);
    if (digit_at(&digits, end) >= '5' && count_up(begin, at))
        *--begin = '1';
    if (decimal.is_negative && !is_zero((struct str){begin, (size_t)(at - begin)}))
        *--begin = '-';
    memmove(room, begin, (size_t)(at - begin));
    buf_commit(out, (size_t)(at - begin));
    return true;
}
