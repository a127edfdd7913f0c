/* SPDX-License-Identifier: Apache-2.0
 *
 * Decimal numbers rounded to so many digits after the point, on their exact text.
 */
#ifndef EXPORT_DECIMAL_ROUND_H
#define EXPORT_DECIMAL_ROUND_H

#include "base/buf.h"

/* "1E+400" becomes 401 digits; what an exponent would make longer by more zeros is refused, so that
 * ten bytes of somebody's text do not become a gigabyte. */
enum { DECIMAL_ROUND_MAX_ZEROS = 400 };

/* Adds the number, rounded half away from zero to `places` digits after the point and padded with
 * zeros to as many, without an exponent: as PostgreSQL's round() does, which knows no negative zero
 * ("-0.004" to 2 places is "0.00"). False, and nothing added, if the text is no finite decimal
 * number, or the result would pass the zeros or the buffer's maximum. */
bool decimal_round(struct str text, int places, struct buf *out) MUST_CHECK;

#endif
