/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows on their way from a source to a writer: a table of typed cells, row by row, and the text
 * they point into. One batch is reused for the whole export, so that a row allocates nothing.
 *
 * Life: batch_init, then the source clears and fills it, the writer reads it, again and again;
 * batch_done. A batch is full at BATCH_ROWS rows or BATCH_TEXT_BYTES of text, whichever comes
 * first, or at fewer rows where they are very wide; a row that is larger alone is a batch alone.
 * One user at a time.
 */
#ifndef EXPORT_BATCH_H
#define EXPORT_BATCH_H

#include "base/buf.h"
#include "export/cell.h"

/* The last is for a row that is larger alone: a worker may need some three times that. */
enum {
    BATCH_ROWS = 1024,
    BATCH_TEXT_BYTES = 256 * 1024,
    BATCH_MAX_TEXT_BYTES = 256 * 1024 * 1024,
};

struct batch {
    size_t column_count;
    size_t max_rows; /* private: for how many rows there are cells */
    size_t row_count;
    struct cell *cells;    /* row r, column c: cells[r * column_count + c] */
    struct buf text;       /* the text of all cells */
    int64_t text_replaced; /* cells of this batch in which bytes were replaced by U+FFFD */
};

void batch_init(struct batch *batch, size_t column_count);
void batch_done(struct batch *batch);

/* Empties it; keeps the memory, unless a single huge row had blown it up. */
void batch_clear(struct batch *batch);

bool batch_is_full(const struct batch *batch);

/* The cells of the next row, to be filled; counts the row. Not when full. */
struct cell *batch_add_row(struct batch *batch);

/* Makes `cell` hold a copy of `text` under a kind that has text. Bytes that are not UTF-8, and NUL,
 * become U+FFFD and the cell is counted. False if the batch's text would pass its maximum. */
bool batch_set_text(struct batch *batch, struct cell *cell, enum cell_kind kind,
                    struct str text) MUST_CHECK;

/* The text of a cell that has one. */
static inline struct str batch_text(const struct batch *batch, const struct cell *cell)
{
    return (struct str){batch->text.ptr + cell->as.offset, cell->len};
}

#endif
