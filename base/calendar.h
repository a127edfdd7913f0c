/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates and times of the proleptic Gregorian calendar, in UTC, as microseconds since 1970. Written
 * as RFC 3339 with three fraction digits, six only where microseconds are not zero.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/str.h"

#define CALENDAR_DAY_US INT64_C(86400000000)

enum { CALENDAR_TEXT_SIZE = 40 };

/* The fields of an instant. */
struct civil {
    unsigned year;
    unsigned month; /* 1 to 12 */
    unsigned day;   /* 1 to 31 */
    unsigned hour;
    unsigned minute;
    unsigned second;
    unsigned us; /* 0 to 999999 */
};

/* For years 0 (from its March on) to 30000: a zone may lie a day before year 1 or after 9999. */
struct civil calendar_civil(int64_t us);

/* For those who print times otherwise: "12:34:56", then ".789" or, where microseconds are not zero,
 * ".789012", with `decimal` for the point. Both return where they ended; no NUL. */
char *calendar_put_clock(char *at, const struct civil *civil);
char *calendar_put_fraction(char *at, const struct civil *civil, char decimal);

/* "2025-08-01T12:34:56.000Z", for years 1 to 9999. Returns its length. */
size_t calendar_format_timestamp(int64_t us, char out[CALENDAR_TEXT_SIZE]);

/* "2025-08-01". Returns its length. */
size_t calendar_format_date(int64_t us, char out[CALENDAR_TEXT_SIZE]);

/* "2025-08-01 12:34:56.000": as databases keep it in text. Returns its length. */
size_t calendar_format_sql(int64_t us, char out[CALENDAR_TEXT_SIZE]);

/* "20250801-123456", for file names. Returns its length. */
size_t calendar_format_compact(int64_t us, char out[CALENDAR_TEXT_SIZE]);

/* "2025-08-01", years 0001 to 9999, a day that exists. *out is its first microsecond. */
bool calendar_parse_date(struct str text, int64_t *out) MUST_CHECK;

/* HH:MM[:SS[.f…]], up to 24:00:00. Up to nine fraction digits, cut to six; second 60 is the next
 * minute. *out is microseconds since midnight, at most CALENDAR_DAY_US. */
bool calendar_parse_time(struct str text, int64_t *out) MUST_CHECK;

/* A date, then 'T' or a space, then HH:MM[:SS[.f…]], then Z, ±HH:MM, ±HHMM, ±HH or nothing (UTC).
 * Up to nine fraction digits, cut to six; second 60 becomes the next minute. */
bool calendar_parse_timestamp(struct str text, int64_t *out) MUST_CHECK;

#endif
