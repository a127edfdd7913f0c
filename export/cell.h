/* SPDX-License-Identifier: Apache-2.0
 *
 * What one value of a row is, and what a column promises. A cell is 16 bytes and owns nothing: text
 * lies in its batch (export/batch.h).
 */
#ifndef EXPORT_CELL_H
#define EXPORT_CELL_H

#include "base/str.h"

/* The kind of one value. */
enum cell_kind {
    CELL_NULL,
    CELL_TEXT,    /* text: valid UTF-8; the formula guard looks at it */
    CELL_INTEGER, /* as.integer */
    CELL_DOUBLE,  /* as.number; NaN and infinities too, also those of dates and times */
    CELL_DECIMAL, /* text: exact digits with sign, point and scale as the source gives them, or NaN,
                     Infinity, -Infinity */
    CELL_BOOLEAN, /* as.integer is 0 or 1 */
    CELL_DATE,    /* as.integer: microseconds since 1970, at midnight; years 1 to 9999 */
    CELL_TIMESTAMP, /* as.integer: microseconds since 1970 UTC; years 1 to 9999 */
    CELL_JSON,      /* text: one valid JSON value */
    CELL_BYTES,     /* text: `\x` and hex digits, as PostgreSQL prints bytea */
    CELL_ARRAY,     /* text: an array as PostgreSQL prints it (export/array.h); never guarded */
    CELL_LITERAL, /* text: the database's own print of any other type (uuid, interval, a date BC): a
                     string in json, never guarded */
};

struct cell {
    enum cell_kind kind;
    uint32_t len; /* bytes of text */
    union {
        int64_t integer;
        double number;
        size_t offset; /* of the text in the batch */
    } as;
};

/* What a column promises; the names are those of ListExportTypes and of type files. */
enum column_type {
    COLUMN_ANY, /* the source decides value by value (SQLite without a declared type) */
    COLUMN_TEXT,
    COLUMN_INTEGER, /* fits 32 bits */
    COLUMN_BIGINT,  /* fits 64 bits */
    COLUMN_NUMBER,  /* double */
    COLUMN_DECIMAL, /* exact */
    COLUMN_BOOLEAN,
    COLUMN_DATE,
    COLUMN_TIMESTAMP,
    COLUMN_JSON,
    COLUMN_BYTES,
    COLUMN_TIME,  /* a time of day: CELL_LITERAL */
    COLUMN_ARRAY, /* only PostgreSQL has them */
    COLUMN_OTHER, /* CELL_LITERAL; from SQLite's TEXT: CELL_TEXT */
    COLUMN_TYPE_COUNT
};

/* What CELL_DATE and CELL_TIMESTAMP can hold: from year 1 to before year 10000. */
#define CELL_TIME_BEGIN_US INT64_C(-62135596800000000)
#define CELL_TIME_END_US   INT64_C(253402300800000000)

static inline bool cell_time_is_legal(int64_t us)
{
    return us >= CELL_TIME_BEGIN_US && us < CELL_TIME_END_US;
}

struct column {
    struct str name;
    struct str title; /* for people; the name if the type file gives none */
    enum column_type type;
    enum column_type element; /* of an array: the type of its elements */
    char delimiter;           /* of an array: what stands between them, ',' for most */
    bool is_default;          /* in the file when the caller names no columns */
};

/* "text", "integer", …; never NULL. */
const char *column_type_name(enum column_type type);

/* The type with this name; false if there is none. */
bool column_type_parse(struct str name, enum column_type *out) MUST_CHECK;

#endif
