/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of a type file, for export/type.c only: the comment lines in front of the SELECT.
 */
#ifndef EXPORT_TYPE_HEADER_H
#define EXPORT_TYPE_HEADER_H

#include "export/type.h"

struct type_header {
    struct str title;
    bool is_shared;
    const struct filter *filters;
    size_t filter_count;
    const struct column_note *notes;
    size_t note_count;
    unsigned end_line; /* the first line that is not the header's */
};

/* Takes the header off the front of *text, which is UTF-8 and outlives the type; what is left is
 * SQL or nothing. Mistakes are refused as export_type_refuse does. */
bool type_header_read(struct str name, struct str *text, struct arena *arena,
                      struct type_header *out, struct err *err) MUST_CHECK;

#endif
