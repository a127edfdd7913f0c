/* SPDX-License-Identifier: Apache-2.0
 *
 * See str.h.
 */
#include "base/str.h"

struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

bool str_is_empty(struct str s)
{
    return s.len == 0;
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal((struct str){s.ptr, prefix.len}, prefix);
}

char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char str_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (str_upper(a.ptr[i]) != str_upper(b.ptr[i]))
            return false;
    }
    return true;
}

bool str_contains_nocase(struct str s, struct str part)
{
    for (size_t i = 0; part.len + i <= s.len; i++) {
        if (str_equal_nocase((struct str){s.ptr + i, part.len}, part))
            return true;
    }
    return false;
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

size_t str_find(struct str s, char c)
{
    const char *found = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return found ? (size_t)(found - s.ptr) : s.len;
}

bool str_next(struct str *rest, char separator, struct str *out)
{
    if (!rest->ptr)
        return false;
    size_t at = str_find(*rest, separator);
    *out = (struct str){rest->ptr, at};
    if (at == rest->len)
        *rest = (struct str){0};
    else
        *rest = (struct str){rest->ptr + at + 1, rest->len - at - 1};
    return true;
}

enum { SAFE_DIGITS = 18 }; /* fit, whatever they are */

bool str_to_int64(struct str s, int64_t *out)
{
    bool is_negative = s.len && s.ptr[0] == '-';
    size_t at = is_negative ? 1 : 0;
    if (at == s.len)
        return false;
    int64_t value = 0;
    size_t safe = s.len < SAFE_DIGITS ? s.len : SAFE_DIGITS;
    for (; at < safe; at++) {
        unsigned digit = (unsigned)(s.ptr[at] - '0');
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    value = is_negative ? -value : value;
    for (; at < s.len; at++) {
        if (s.ptr[at] < '0' || s.ptr[at] > '9')
            return false;
        int64_t digit = s.ptr[at] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}
