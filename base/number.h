/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text, the same in every locale: integers in full, doubles in the shortest decimal form
 * that reads back as the same double, without an exponent between 1e-5 and 1e15.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/str.h"

enum { NUMBER_TEXT_SIZE = 40 };

/* "00" to "99" one after the other, for those who write two digits at a time. */
extern const char number_pairs[200];

/* Writes a value below 100 as two digits, without a loop, for the row path writes many of them.
 * Returns where to go on. */
static inline char *number_put_pair(char *at, unsigned value)
{
    memcpy(at, number_pairs + (size_t)2 * value, 2);
    return at + 2;
}

/* Returns the length; NUL-terminated. */
size_t number_format_int64(int64_t value, char out[NUMBER_TEXT_SIZE]);

/* "0.3", "-0", "1e+300", "NaN", "Infinity", "-Infinity". Returns the length; NUL-terminated. */
size_t number_format_double(double value, char out[NUMBER_TEXT_SIZE]);

/* A finite decimal number as JSON writes it, with optional leading '+'; nothing around it. */
bool number_parse_double(struct str text, double *out) MUST_CHECK;

#endif
