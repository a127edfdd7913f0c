/* SPDX-License-Identifier: Apache-2.0
 *
 * See time_look.h.
 */
#include "export/time_look.h"

#include "base/number.h"

struct time_look time_look_of(const struct locale *locale, struct zone *zone, bool has_bare_times)
{
    bool is_rfc3339 = !locale && !has_bare_times;
    struct time_look look = {
        .zone = zone,
        .order = locale ? locale->order : DATE_YMD,
        .date_separator = locale ? locale->date_separator : '-',
        .is_rfc3339 = is_rfc3339,
        .is_utc = is_rfc3339 && !zone,
        .has_offset = !has_bare_times,
        .decimal = locale && has_bare_times ? locale->decimal : '.',
    };
    look.is_iso_date = look.order == DATE_YMD && look.date_separator == '-';
    return look;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_year(char *at, unsigned year)
{
    if (year >= 10000) {
        at = put_char(at, '1');
        year -= 10000;
    }
    return number_put_pair(number_put_pair(at, year / 100), year % 100);
}

static char *put_date(char *at, const struct civil *civil, const struct time_look *look)
{
    char separator = look->date_separator;
    switch (look->order) {
    case DATE_YMD:
        at = put_char(put_year(at, civil->year), separator);
        at = put_char(number_put_pair(at, civil->month), separator);
        return number_put_pair(at, civil->day);
    case DATE_YDM:
        at = put_char(put_year(at, civil->year), separator);
        at = put_char(number_put_pair(at, civil->day), separator);
        return number_put_pair(at, civil->month);
    case DATE_DMY:
        at = put_char(number_put_pair(at, civil->day), separator);
        at = put_char(number_put_pair(at, civil->month), separator);
        return put_year(at, civil->year);
    case DATE_MDY:
        at = put_char(number_put_pair(at, civil->month), separator);
        at = put_char(number_put_pair(at, civil->day), separator);
        return put_year(at, civil->year);
    }
    return at;
}

static char *put_time(char *at, const struct civil *civil, const struct time_look *look)
{
    at = calendar_put_clock(at, civil);
    bool has_fraction = look->is_rfc3339 || civil->us;
    return has_fraction ? calendar_put_fraction(at, civil, look->decimal) : at;
}

static char *put_offset(char *at, int32_t offset_s)
{
    unsigned seconds = (unsigned)(offset_s < 0 ? -offset_s : offset_s);
    at = put_char(at, offset_s < 0 ? '-' : '+');
    at = put_char(number_put_pair(at, seconds / 3600), ':');
    at = number_put_pair(at, seconds / 60 % 60);
    if (seconds % 60 == 0)
        return at;
    return number_put_pair(put_char(at, ':'), seconds % 60);
}

size_t time_look_format_date(const struct time_look *look, int64_t us, char out[CALENDAR_TEXT_SIZE])
{
    if (look->is_iso_date)
        return calendar_format_date(us, out);
    struct civil civil = calendar_civil(us);
    return (size_t)(put_date(out, &civil, look) - out);
}

size_t time_look_format_timestamp(const struct time_look *look, int64_t us,
                                  char out[CALENDAR_TEXT_SIZE])
{
    if (look->is_utc)
        return calendar_format_timestamp(us, out);
    int32_t offset_s = look->zone ? zone_offset_s(look->zone, us) : 0;
    struct civil civil = calendar_civil(us + offset_s * INT64_C(1000000));
    char *at = put_char(put_date(out, &civil, look), look->is_rfc3339 ? 'T' : ' ');
    at = put_time(at, &civil, look);
    if (look->has_offset)
        at = put_offset(at, offset_s);
    return (size_t)(at - out);
}
