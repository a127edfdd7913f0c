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
