/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of rows as a source would hand it to a writer, and the file that a writer makes of it.
 * The front of the input is the table, so that one corpus serves all formats; the options come
 * behind it.
 *
 *     fuzz_table_read → fuzz_table_options → fuzz_table_export → … → fuzz_table_done
 *
 * In the input: how many columns; of each its type, its elements' type, name and title; how many
 * rows; of each cell its kind and value (seeds.c writes them). Cells keep export/cell.h's promises:
 * JSON is valid, times are legal.
 */
#ifndef TESTS_FUZZ_FUZZ_TABLE_H
#define TESTS_FUZZ_FUZZ_TABLE_H

#include "base/buf.h"
#include "export/locale.h"
#include "export/writer.h"
#include "export/zone.h"
#include "tests/fuzz/fuzz_input.h"

enum { TABLE_MAX_COLUMNS = 4, TABLE_MAX_ROWS = 6, TABLE_MAX_FILE = 64 << 20 };

struct fuzz_table {
    struct column columns[TABLE_MAX_COLUMNS];
    const struct column *pointers[TABLE_MAX_COLUMNS];
    size_t column_count;
    struct batch heads; /* one row: names, then titles */
    struct batch batch;
    size_t repeated; /* bytes of texts that are one again and again */
    struct writer_options options;
    struct locale locale;
};

/* A sink that keeps what it gets. */
struct fuzz_file {
    struct sink sink;
    struct buf bytes;
};

void fuzz_file_init(struct fuzz_file *file);
void fuzz_file_done(struct fuzz_file *file);

void fuzz_table_read(struct fuzz_table *table, struct fuzz_input *input);
void fuzz_table_done(struct fuzz_table *table);

/* Any legal options. */
void fuzz_table_options(struct fuzz_table *table, struct fuzz_input *input);

/* Exports the table twice: at once, and a row in a batch, for its bytes must not depend on that. */
void fuzz_table_export(const struct fuzz_table *table, const struct format *format,
                       struct fuzz_file *file);

static inline const struct cell *fuzz_table_cell(const struct fuzz_table *table, size_t row,
                                                 size_t column)
{
    return &table->batch.cells[row * table->column_count + column];
}

static inline struct str fuzz_table_text(const struct fuzz_table *table, const struct cell *cell)
{
    return batch_text(&table->batch, cell);
}

/* What the header shows of a column. */
static inline struct str fuzz_table_head(const struct fuzz_table *table, size_t column)
{
    return table->options.has_titles ? table->columns[column].title : table->columns[column].name;
}

/* Microseconds since 1970 of a day that a file shows; of any day of a month, for a wrong one shows
 * when it is compared. */
int64_t fuzz_day_us(int64_t year, int64_t month, int64_t day);

#endif
