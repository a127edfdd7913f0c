/* SPDX-License-Identifier: Apache-2.0
 *
 * See decimal.h.
 */
#include "export/decimal.h"

/* Takes `len` bytes off the front of *rest and gives them. */
static struct str take(struct str *rest, size_t len)
{
    struct str taken = {rest->ptr, len};
    *rest = (struct str){rest->ptr + len, rest->len - len};
    return taken;
}

static struct str take_digits(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    return take(rest, len);
}

static bool begins_with_any(struct str text, char a, char b)
{
    return text.len && (text.ptr[0] == a || text.ptr[0] == b);
}

/* "e5", "E+05" or nothing, to the end of the text. */
static bool is_exponent(struct str text)
{
    if (!text.len)
        return true;
    if (!begins_with_any(text, 'e', 'E'))
        return false;
    (void)take(&text, 1);
    if (begins_with_any(text, '+', '-'))
        (void)take(&text, 1);
    return take_digits(&text).len && !text.len;
}

bool decimal_parse(struct str text, struct decimal *out)
{
    struct decimal decimal = {.is_canonical = true};
    if (begins_with_any(text, '+', '-')) {
        decimal.is_negative = text.ptr[0] == '-';
        decimal.is_canonical = decimal.is_negative;
        (void)take(&text, 1);
    }
    decimal.whole = take_digits(&text);
    if (begins_with_any(text, '.', '.')) {
        (void)take(&text, 1);
        decimal.fraction = take_digits(&text);
        decimal.is_canonical = decimal.is_canonical && decimal.fraction.len;
    }
    if ((!decimal.whole.len && !decimal.fraction.len) || !is_exponent(text))
        return false;
    decimal.exponent = text;
    if (!decimal.whole.len || (decimal.whole.len > 1 && decimal.whole.ptr[0] == '0'))
        decimal.is_canonical = false;
    while (decimal.whole.len && decimal.whole.ptr[0] == '0')
        (void)take(&decimal.whole, 1);
    *out = decimal;
    return true;
}

int64_t decimal_exponent(const struct decimal *decimal)
{
    const int64_t far = 1000000000;
    struct str text = decimal->exponent;
    int64_t exponent = 0;
    bool is_negative = false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] == '-')
            is_negative = true;
        else if (text.ptr[i] != '+' && exponent < far)
            exponent = exponent * 10 + (text.ptr[i] - '0');
    }
    return is_negative ? -exponent : exponent;
}

bool decimal_is_not_finite(struct str text)
{
    return str_equal(text, STR("NaN")) || str_equal(text, STR("Infinity")) ||
           str_equal(text, STR("-Infinity"));
}
