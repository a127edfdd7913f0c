/* SPDX-License-Identifier: Apache-2.0
 *
 * A time zone of IANA's, by ICU: what it is ahead of UTC at an instant. What was found is kept, so
 * that a row seldom asks ICU.
 */
#ifndef EXPORT_ZONE_H
#define EXPORT_ZONE_H

#include "base/str.h"

struct zone;

/* Whether ICU knows the zone: "Europe/Berlin". Thread-safe. */
bool zone_is_known(struct str name);

/* Opens a zone; NULL if it is not known. One thread at a time may use it. */
struct zone *zone_open(struct str name);
void zone_close(struct zone *zone);

/* As it was opened: for header cells. */
struct str zone_name(const struct zone *zone);

/* Seconds ahead of UTC at an instant (microseconds since 1970). */
int32_t zone_offset_s(struct zone *zone, int64_t us);

#endif
