/* SPDX-License-Identifier: Apache-2.0
 *
 * A writer turns batches of cells into the bytes of a file, in constant memory, and hands them to a
 * sink.
 *
 *     writer_new → writer_rows × n → writer_finish → writer_free
 *
 * writer_free is legal at any point and flushes nothing: what was not finished is the sink's to
 * drop. One thread at a time.
 */
#ifndef EXPORT_WRITER_H
#define EXPORT_WRITER_H

#include "base/sink.h"
#include "export/batch.h"

enum { WRITER_ALL_PLACES = -1, WRITER_MAX_PLACES = 15, WRITER_MAX_NULL_TEXT = 64 };

/* How the file looks. The zero value is not the default: start from writer_options_default(). What
 * a format does not know it ignores. All that is pointed to outlives the writer. */
struct writer_options {
    char delimiter;              /* csv: between values; default ',' */
    bool has_crlf;               /* csv: lines end in CR LF; default LF */
    bool has_bom;                /* csv: begins with a UTF-8 byte order mark; default not */
    bool has_formula_guard;      /* csv: default on */
    bool has_exact_numbers_text; /* json: BIGINT and DECIMAL columns as strings; default not */
    bool has_titles;             /* csv, xlsx: the header has titles, not names; default names */
    bool has_bare_times;         /* csv: times as a spreadsheet reads them, without their offset */
    struct str null_text;        /* csv: stands for null; default nothing */
    int places; /* csv, xlsx: digits after the point in NUMBER and DECIMAL columns, 0 to
                   WRITER_MAX_PLACES; in columns of type ANY for values that are no whole numbers;
                   default WRITER_ALL_PLACES: as they are */
    const struct locale
        *locale;           /* csv, xlsx: decimal sign and order of dates; default NULL: none */
    struct zone *zone;     /* csv, xlsx: of timestamps; default NULL: UTC */
    struct str sheet_name; /* xlsx: of its first sheet, made legal by the writer */
    int64_t created_ms;    /* xlsx: the time that the file gives as its own */
};

/* The fidelity report: what the file could not carry as it was. */
struct fidelity {
    int64_t cells_guarded; /* csv: cells that got a leading ', header cells included */
    int64_t non_finite;    /* json: NaN and infinities written as null; xlsx: as an empty cell */
    int64_t text_replaced; /* cells with bytes replaced by U+FFFD, as the batches counted them */
    int64_t kept_as_text;  /* xlsx: numbers, dates and times that a spreadsheet would change */
    int32_t sheets;        /* xlsx */
};

struct writer;

/* One row of the table of formats. */
struct format {
    const char *name;         /* "csv" */
    const char *extension;    /* "csv" */
    const char *content_type; /* "text/csv; charset=utf-8; header=present" */
    struct writer *(*new_writer)(const struct writer_options *options,
                                 const struct column *const *columns, size_t column_count,
                                 struct sink *sink);
};

/* All formats, the default first. */
extern const struct format *const formats[];
extern const size_t format_count;

/* The format with this name; the default for an empty name; NULL if there is none. */
const struct format *format_find(struct str name);

struct writer_options writer_options_default(void);

/* The delimiter a caller may choose: ASCII, no letter, digit, quote, CR, LF, space or NUL. */
bool writer_delimiter_is_legal(char delimiter);

/* What a caller may choose to stand for null: at most WRITER_MAX_NULL_TEXT bytes without the
 * delimiter, quotes, control characters, and spaces at its ends, and not `\.` alone; so that it can
 * stand bare. The empty text, too. */
bool writer_null_text_is_legal(struct str null_text, char delimiter);

/* `columns` (pointers, in the order of the file) and `sink` outlive the writer. The delimiter and
 * the text for null are legal ones. */
struct writer *writer_new(const struct format *format, const struct writer_options *options,
                          const struct column *const *columns, size_t column_count,
                          struct sink *sink);

bool writer_rows(struct writer *writer, const struct batch *batch, struct err *err) MUST_CHECK;

/* Writes what ends the file; a file without rows gets its head here. */
bool writer_finish(struct writer *writer, struct err *err) MUST_CHECK;

/* The report so far. */
const struct fidelity *writer_fidelity(const struct writer *writer);

void writer_free(struct writer *writer);

/* For formats only: a writer begins with this. */
struct writer_ops {
    bool (*rows)(struct writer *writer, const struct batch *batch, struct err *err);
    bool (*finish)(struct writer *writer, struct err *err);
    void (*free)(struct writer *writer);
};

struct writer {
    const struct writer_ops *ops;
    struct fidelity fidelity;
    bool has_failed;
    struct err failure; /* the first, told again by each later call */
};

extern const struct format format_csv;
extern const struct format format_json;
extern const struct format format_ndjson;
extern const struct format format_xlsx;

#endif
