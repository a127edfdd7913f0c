/* SPDX-License-Identifier: Apache-2.0
 *
 * A view of text: pointer and length, owned by somebody else, not NUL-terminated unless its maker
 * says so. Passed by value. The zero value is the empty text. To build text, use base/buf.h.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/defs.h"

struct str {
    const char *ptr;
    size_t len;
};

/* A view of a string literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).len ? (s).ptr : ""

/* A view of a NUL-terminated string; NULL gives the empty text. */
struct str str_of(const char *text);

bool str_is_empty(struct str s);
bool str_equal(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);

/* A letter of ASCII in the other case, and all else as it is, in every locale: tolower in Turkish
 * makes no 'i' of 'I'. */
char str_lower(char c);
char str_upper(char c);

/* As str_equal and "occurs in s", but for the case of ASCII letters, in every locale: strcasecmp in
 * Turkish finds that "with" is not "WITH". */
bool str_equal_nocase(struct str a, struct str b);
bool str_contains_nocase(struct str s, struct str part);

/* memcmp order; shorter first where one is the other's beginning. <0, 0, >0. */
int str_compare(struct str a, struct str b);

/* s without blanks (space, tab, CR, LF) at its ends. */
struct str str_trim(struct str s);

/* Takes the text up to the next `separator` off the front of *rest and gives it; the separator goes
 * too. False when nothing was left. "a,,b" gives "a", "", "b"; "a," gives "a", "". */
bool str_next(struct str *rest, char separator, struct str *out);

/* Index of the first `c`, or s.len. */
size_t str_find(struct str s, char c);

/* Decimal digits with an optional '-', nothing else, in range. False otherwise; *out untouched. */
bool str_to_int64(struct str s, int64_t *out) MUST_CHECK;

#endif
