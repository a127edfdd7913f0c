/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads an array as PostgreSQL prints it (array_out): `{1,NULL}`, `{{a,"b c"},{"\"",""}}`,
 * `[0:1]={1,2}`. It is taken apart in place, token by token; nothing is allocated and nothing
 * recurses.
 *
 *     struct array_reader reader = array_read(text, ',');
 *     while ((token = array_next(&reader, &element)) != ARRAY_END) …
 *
 * What array_in would take and array_out never prints, such as blanks between elements, is no array
 * here. The bounds in front of an array are passed over.
 */
#ifndef EXPORT_ARRAY_H
#define EXPORT_ARRAY_H

#include "base/str.h"

enum { ARRAY_MAX_DIMENSIONS = 6 }; /* PostgreSQL's MAXDIM */

enum array_token {
    ARRAY_OPEN,    /* an array begins: the whole, or one of a further dimension */
    ARRAY_CLOSE,   /* it ends */
    ARRAY_BETWEEN, /* between two elements, or two arrays */
    ARRAY_NULL,
    ARRAY_ELEMENT,
    ARRAY_END,   /* the text is over, and the array was whole */
    ARRAY_WRONG, /* the text is no array; nothing comes after it */
};

/* An element without its quotes. */
struct array_element {
    struct str text;
    bool has_escapes; /* it holds backslashes, each of which stands before a character that is meant
                         as it is; array_next_piece takes them out */
};

struct array_reader {
    struct str rest;
    char delimiter; /* the element type's typdelim */
    unsigned depth;
    enum array_token last;
};

struct array_reader array_read(struct str text, char delimiter);

/* The next token; *out is set for ARRAY_ELEMENT only. */
enum array_token array_next(struct array_reader *reader, struct array_element *out);

/* Whether all of the text is one array. */
bool array_is_whole(struct str text, char delimiter) MUST_CHECK;

/* Takes the part of an element's text up to its next escape off the front of *rest and gives it.
 * False when nothing was left. `a\"b` gives `a`, then `"b`. */
bool array_next_piece(struct str *rest, struct str *out);

#endif
