/* SPDX-License-Identifier: Apache-2.0
 *
 * How dates and times look in a file of text. Chosen once per job, then used for each value:
 *
 *     nothing asked for       2025-08-01   2025-08-01T12:34:56.000Z
 *     a zone                  2025-08-01   2025-08-01T14:34:56.000+02:00
 *     a locale                01.08.2025   01.08.2025 12:34:56+00:00
 *     a locale and a zone     01.08.2025   01.08.2025 14:34:56+02:00
 *     bare times              2025-08-01   2025-08-01 12:34:56
 *
 * Bare times have no offset, so that a spreadsheet reads them; in a locale and a zone they are
 * theirs, and so is the sign before a fraction of a second. Three fraction digits become six where
 * microseconds are not zero, and none, where there is a space before the time, if all are zero. An
 * offset has seconds only where it is no whole minute, as before there were time zones.
 */
#ifndef EXPORT_TIME_LOOK_H
#define EXPORT_TIME_LOOK_H

#include "base/calendar.h"
#include "export/locale.h"
#include "export/zone.h"

struct time_look {
    struct zone *zone;
    enum date_order order;
    char date_separator;
    bool is_iso_date;
    bool is_rfc3339; /* a T, and always a fraction */
    bool is_utc;     /* as calendar_format_timestamp has it */
    bool has_offset;
    char decimal; /* before a fraction of a second */
};

/* `locale` and `zone` may be NULL; the zone outlives the look. */
struct time_look time_look_of(const struct locale *locale, struct zone *zone, bool has_bare_times);

/* Both return the length, at most CALENDAR_TEXT_SIZE. A zone's clock may leave the years 1 to 9999
 * that the values keep to: it then shows the year 0000 or 10000. */
size_t time_look_format_date(const struct time_look *look, int64_t us,
                             char out[CALENDAR_TEXT_SIZE]);
size_t time_look_format_timestamp(const struct time_look *look, int64_t us,
                                  char out[CALENDAR_TEXT_SIZE]);

#endif
