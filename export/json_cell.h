/* SPDX-License-Identifier: Apache-2.0
 *
 * One cell as a JSON value. The writer of json and ndjson owns a struct json_out and puts around
 * the values what makes objects of them.
 */
#ifndef EXPORT_JSON_CELL_H
#define EXPORT_JSON_CELL_H

#include "export/batch.h"
#include "export/output.h"
#include "export/scan.h"

enum { JSON_ESCAPE_SIZE = 6 };

/* Where JSON goes. */
struct json_out {
    struct output output;
    struct scan special; /* what a string must escape */
    struct scan line_ends;
    int64_t non_finite; /* NaN and infinities written as null */
};

/* What the values of one column have in common. */
struct json_kind {
    bool has_text_numbers;    /* its numbers are written as strings */
    char delimiter;           /* of an array's elements */
    enum column_type element; /* their type */
};

void json_out_init(struct json_out *out, struct sink *sink);
void json_out_done(struct json_out *out);

struct json_kind json_kind_of(const struct column *column, bool has_exact_numbers_text);

/* Adds the value of a cell. Never fails: out->output remembers. */
void json_put_cell(struct json_out *out, const struct json_kind *kind, const struct batch *batch,
                   const struct cell *cell);

/* The escape of a quote, a backslash or a control character. Returns its length. */
size_t json_format_escape(char c, char text[JSON_ESCAPE_SIZE]);

#endif
