/* SPDX-License-Identifier: Apache-2.0
 *
 * A time zone of IANA's, by ICU: what it is ahead of UTC at an instant. What was found is kept, so
 * that a row seldom asks ICU.
 */
#ifndef EXPORT_ZONE_H
#define EXPORT_ZONE_H

#include "base/str.h"

struct zone;

/* Whether the name is IANA's and ICU knows it: "Europe/Berlin", in that case. Not the names that
 * ICU has beside: "GMT+3", and three letters such as "BST", which it takes for Bangladesh. Nor
 * "Etc/Unknown". Thread-safe. */
bool zone_is_known(struct str name);

/* Opens a zone; NULL if it is not known. One thread at a time may use it. */
struct zone *zone_open(struct str name);
void zone_close(struct zone *zone);

/* As it was opened: for header cells. */
struct str zone_name(const struct zone *zone);

/* Seconds ahead of UTC at an instant (microseconds since 1970), in any year; not always whole
 * minutes: before there were time zones each town had its own time. */
int32_t zone_offset_s(struct zone *zone, int64_t us);

/* What the clocks of the zone show at an instant: the microseconds at which UTC's show the same.
 * Without a zone (NULL), UTC's. It may leave the years 1 to 9999 by a day at either end. */
static inline int64_t zone_local_us(struct zone *zone, int64_t us)
{
    return zone ? us + zone_offset_s(zone, us) * INT64_C(1000000) : us;
}

#endif
