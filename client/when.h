/* SPDX-License-Identifier: Apache-2.0
 *
 * A protobuf Timestamp as people and JSON read it: RFC 3339 in UTC. What comes from a server may
 * hold any number, so years are kept to 1 to 9999, as protobuf has them.
 */
#ifndef CLIENT_WHEN_H
#define CLIENT_WHEN_H

#include "base/calendar.h"
#include "google/protobuf/timestamp.pb-c.h"

/* "2025-08-01T12:34:56.000Z". Returns its length. */
size_t when_format(const Google__Protobuf__Timestamp *time, char out[CALENDAR_TEXT_SIZE]);

/* "2025-08-01T12:34:56Z". Returns its length. */
size_t when_format_seconds(const Google__Protobuf__Timestamp *time, char out[CALENDAR_TEXT_SIZE]);

/* What people write: how long before `now_ms` ("90s", "45m", "2h", "7d"), a date of UTC or an RFC
 * 3339 time. */
bool when_parse(struct str text, int64_t now_ms, Google__Protobuf__Timestamp *out) MUST_CHECK;

#endif
