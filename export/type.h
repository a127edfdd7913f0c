/* SPDX-License-Identifier: Apache-2.0
 *
 * An export type is a SQL file: NAME.sql, a header of comments, then one SELECT. This module reads
 * the file; the source that will run it says what its columns are (source_describe).
 *
 *     -- # Anything for people; so are `--` alone and `---`.
 *     -- title: Trades
 *     -- column entryAt timestamp: Entry
 *     -- not default: notes, reason
 *     -- filter dateFrom timestamp: Entered at or after this time
 *     -- filter status enum(OPEN, CLOSED, CANCELLED): State of the trade
 *     -- shared
 *     SELECT … WHERE owner = :owner AND (:dateFrom IS NULL OR entryAt >= :dateFrom)
 *
 * A header line is one of these or a mistake: a typo must not pass for a comment. Title and filter
 * descriptions are required, a column's title is not. Columns may be noted in any order; a type
 * `any` gives a title alone; `other` prints what the database has no text for, and takes SQLite's
 * TEXT for text, which the formula guard looks at. Names of types, filters and noted columns: a
 * letter or `_`, then letters, digits and `_`, at most 63 in all; a filter is not called owner or
 * limit. The header ends with the first line that is neither blank nor a `--` comment. UTF-8, LF or
 * CRLF.
 *
 * Parameters: `:owner`, one per filter by its name, and for filters of type date and timestamp
 * `:NAME_end`, the first instant after the value (after the whole day, for a bare date). A filter
 * that is not given is NULL. `:owner` must occur unless the type is `shared`.
 */
#ifndef EXPORT_TYPE_H
#define EXPORT_TYPE_H

#include "base/arena.h"
#include "base/err.h"
#include "export/cell.h"

#include <stdarg.h>

enum { EXPORT_TYPE_MAX_BYTES = 256 * 1024, EXPORT_TYPE_MAX_NAME = 63 };

enum filter_type {
    FILTER_TEXT,
    FILTER_TEXT_LIST,
    FILTER_INTEGER,
    FILTER_NUMBER,
    FILTER_BOOLEAN,
    FILTER_DATE,
    FILTER_TIMESTAMP,
    FILTER_ENUM,
    FILTER_TYPE_COUNT
};

struct filter {
    struct str name;
    enum filter_type type;
    struct str description;
    const struct str *choices; /* FILTER_ENUM */
    size_t choice_count;
    unsigned line; /* where the file declares it */
};

/* What the file says of a column beyond its name in the select list. */
struct column_note {
    struct str name;
    struct str title;      /* empty: the name */
    enum column_type type; /* COLUMN_ANY: not said */
    bool is_default;
    unsigned line;
};

/* Lives in the arena it was read into; never changes once the catalog has it. */
struct export_type {
    struct str name;
    struct str title;
    struct str sql;    /* the SELECT, without the header; NUL-terminated */
    unsigned sql_line; /* the line of the file it begins in */
    bool is_shared;
    const struct filter *filters;
    size_t filter_count;
    const struct column_note *notes;
    size_t note_count;
    const struct column *columns; /* set by the catalog from source_describe */
    size_t column_count;
};

/* Reads the text of NAME.sql. What the header gets wrong is ERR_INVALID: "NAME.sql:LINE: reason".
 */
bool export_type_parse(struct str name, struct str text, struct arena *arena,
                       struct export_type *out, struct err *err) MUST_CHECK;

/* Refuses a type: ERR_INVALID "NAME.sql:LINE: reason". Returns false. */
bool export_type_refuse(struct str name, unsigned line, struct err *err, const char *format, ...)
    PRINTF_LIKE(4, 5);
bool export_type_refuse_va(struct str name, unsigned line, struct err *err, const char *format,
                           va_list values) PRINTF_LIKE(4, 0);

/* Whether a type, a filter or a noted column may have this name. */
bool export_type_name_is_legal(struct str name);

/* "text", "text[]", …, "enum"; never NULL. */
const char *filter_type_name(enum filter_type type);

/* Both NULL if the type has none of that name. */
const struct filter *export_type_filter(const struct export_type *type, struct str name);
const struct column *export_type_column(const struct export_type *type, struct str name);

#endif
