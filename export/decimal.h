/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a CELL_DECIMAL, taken apart: databases print ".5", "5." and "+5" where JSON and
 * spreadsheets want a digit before the point and after it, and no plus.
 */
#ifndef EXPORT_DECIMAL_H
#define EXPORT_DECIMAL_H

#include "base/str.h"

/* Views into the text. */
struct decimal {
    bool is_negative;
    struct str whole;    /* digits without leading zeros; may be empty */
    struct str fraction; /* digits after the point; may be empty */
    struct str exponent; /* "e+5", or empty */
    bool is_canonical;   /* the text is a JSON number as it stands */
};

/* False if the text is no finite decimal number. */
bool decimal_parse(struct str text, struct decimal *out) MUST_CHECK;

/* The exponent's number, 0 without one. What no longer matters for being so far is cut to some
 * billions. */
int64_t decimal_exponent(const struct decimal *decimal);

/* "NaN", "Infinity" or "-Infinity". */
bool decimal_is_not_finite(struct str text);

#endif
