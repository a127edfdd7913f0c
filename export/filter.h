/* SPDX-License-Identifier: Apache-2.0
 *
 * From a filter's text to the value that is bound. The caller's text is checked here and nowhere
 * else; it reaches the database only as a bound value of this form.
 */
#ifndef EXPORT_FILTER_H
#define EXPORT_FILTER_H

#include "export/type.h"

enum { FILTER_MAX_VALUES = 1000, FILTER_MAX_VALUE_BYTES = 1024 };

/* A checked value, in the arena it was parsed into. */
struct filter_value {
    const struct filter *filter; /* NULL: not given, bind NULL */
    struct str text;        /* FILTER_TEXT, FILTER_ENUM; also the canonical text of dates and times:
                               "2025-08-31" for a bare date, "2025-08-31 12:00:00.000" for a time */
    struct str end_text;    /* FILTER_DATE: the next day; FILTER_TIMESTAMP: the first instant after;
                               "infinity" where that would be year 10000: greater than any time, as
                               text and in PostgreSQL */
    const struct str *list; /* FILTER_TEXT_LIST */
    size_t list_count;
    int64_t integer; /* FILTER_INTEGER, FILTER_BOOLEAN (0, 1) */
    double number;   /* FILTER_NUMBER */
};

/* Checks `values` for `filter`. Errors: ERR_INVALID in `field`, with the value and what would be
 * accepted; for a list `field` gets the index of the value, "[3]". A FILTER_TIMESTAMP takes RFC
 * 3339 or a bare date (its first instant, UTC). */
bool filter_parse(const struct filter *filter, const char *field, const struct str *values,
                  size_t value_count, struct arena *arena, struct filter_value *out,
                  struct err *err) MUST_CHECK;

#endif
