/* SPDX-License-Identifier: Apache-2.0
 *
 * See when.h.
 */
#include "client/when.h"

static const int64_t first_second = INT64_C(-62135596800); /* 0001-01-01 */
static const int64_t last_second = INT64_C(253402300799);  /* 9999-12-31 */

enum { LAST_NANO = 999999999 };

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

size_t when_format(const Google__Protobuf__Timestamp *time, char out[CALENDAR_TEXT_SIZE])
{
    int64_t seconds = clamp(time->seconds, first_second, last_second);
    int64_t nanos = clamp(time->nanos, 0, LAST_NANO);
    return calendar_format_timestamp(seconds * 1000000 + nanos / 1000, out);
}

size_t when_format_seconds(const Google__Protobuf__Timestamp *time, char out[CALENDAR_TEXT_SIZE])
{
    (void)when_format(time, out);
    char *point = strchr(out, '.');
    (void)snprintf(point, 2, "Z"); /* a timestamp always has a fraction */
    return (size_t)(point - out) + 1;
}

/* A number and a unit, in milliseconds, cut to what still is a time. */
static bool parse_age(struct str text, int64_t *out)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    static const int64_t max_ms = INT64_C(100000000000000); /* 3170 years */
    int64_t number = 0;
    struct str digits = {text.ptr, text.len ? text.len - 1 : 0};
    if (!str_to_int64(digits, &number) || number < 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (text.ptr[digits.len] == units[i].unit) {
            *out = number < max_ms / units[i].ms ? number * units[i].ms : max_ms;
            return true;
        }
    return false;
}

bool when_parse(struct str text, int64_t now_ms, Google__Protobuf__Timestamp *out)
{
    int64_t ms = 0;
    int64_t us = 0;
    if (parse_age(text, &ms))
        us = (now_ms - ms) * 1000;
    else if (!calendar_parse_date(text, &us) && !calendar_parse_timestamp(text, &us))
        return false;
    int64_t seconds = us / 1000000 - (us % 1000000 < 0);
    out->seconds = clamp(seconds, first_second, last_second);
    out->nanos = (int32_t)((us - seconds * 1000000) * 1000);
    return true;
}
