/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of one sheet as XML (ECMA-376 part 1, 18.3.1.73): what is a number, a date or a truth in
 * the source is one here, by the kind of its cell and the type of its column, never by its looks;
 * all else is text.
 *
 *     sheet_init → sheet_begin (each sheet: its header) → sheet_row × n → sheet_done
 *
 * Adding XML never fails (export/output.h). A value that no cell can hold does: sheet_row tells.
 */
#ifndef EXPORT_SHEET_H
#define EXPORT_SHEET_H

#include "export/output.h"
#include "export/workbook.h"
#include "export/writer.h"

enum { SHEET_MAX_COLUMNS = 16384, SHEET_MAX_ROWS = 1048576 };

struct sheet_column {
    char head[16]; /* `<c r="XFD`: how each of its cells begins */
    uint8_t head_len;
    enum column_type type;
    unsigned width; /* the widest value so far, in characters */
};

struct sheet {
    struct output *output;
    struct fidelity *fidelity;
    const struct column *const *source_columns;
    struct sheet_column *columns;
    size_t column_count;
    struct zone *zone; /* NULL: UTC */
    bool has_titles;
    bool is_measuring;                /* widths are still wanted */
    enum workbook_style number_style; /* of NUMBER and DECIMAL columns */
    int64_t row;                      /* the last row written, with the header; 0: none */
    int64_t row_of_file;              /* rows of data in all sheets */
    char digits[8];                   /* of `row` */
    size_t digit_count;
    char formats[STYLE_COUNT][WORKBOOK_FORMAT_SIZE]; /* number formats of the styles */
};

/* `output`, `columns` and what the options point to outlive the sheet. At most SHEET_MAX_COLUMNS.
 */
void sheet_init(struct sheet *sheet, struct output *output, struct fidelity *fidelity,
                const struct writer_options *options);
void sheet_set_columns(struct sheet *sheet, const struct column *const *columns, size_t count);
void sheet_done(struct sheet *sheet);

/* Begins the next sheet with its header row. */
void sheet_begin(struct sheet *sheet);

/* Adds the next row. ERR_FORMAT_LIMIT, naming row and column, for a text that is too long. */
bool sheet_row(struct sheet *sheet, const struct batch *batch, const struct cell *cells,
               struct err *err) MUST_CHECK;

/* Cell reference of a column in a row: "XFD1048576". NUL-terminated. */
enum { SHEET_REFERENCE_SIZE = 32 };
void sheet_reference(const struct sheet_column *column, int64_t row,
                     char out[SHEET_REFERENCE_SIZE]);

#endif
