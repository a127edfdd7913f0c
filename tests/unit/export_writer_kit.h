/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of writers share: tables of values made of literals, and a sink that keeps what it
 * gets or fails at a chosen byte.
 */
#ifndef TESTS_UNIT_EXPORT_WRITER_KIT_H
#define TESTS_UNIT_EXPORT_WRITER_KIT_H

#include "base/mem.h"
#include "export/writer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One value of a table. */
struct value {
    enum cell_kind kind;
    struct str text;
    int64_t integer;
    double number;
};

/* Initialisers. */
// clang-format off
#define NONE            {.kind = CELL_NULL}
#define TEXT(literal)   {.kind = CELL_TEXT, .text = {(literal), sizeof(literal) - 1}}
#define OF(k, literal)  {.kind = (k), .text = {(literal), sizeof(literal) - 1}}
#define WHOLE(n)        {.kind = CELL_INTEGER, .integer = (n)}
#define REAL(x)         {.kind = CELL_DOUBLE, .number = (x)}
#define TRUTH(n)        {.kind = CELL_BOOLEAN, .integer = (n)}
#define DAY(us)         {.kind = CELL_DATE, .integer = (us)}
#define TIME(us)        {.kind = CELL_TIMESTAMP, .integer = (us)}
// clang-format on

enum { KIT_COLUMNS = 8, KIT_MAX = 256 << 20 };

struct kit_sink {
    struct sink sink;
    struct buf bytes;
    size_t fail_at; /* fails at the write that would pass this many bytes */
    size_t largest; /* the largest write */
    size_t failures;
    bool drops; /* only counts */
    size_t total;
};

static inline bool kit_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct kit_sink *kit = CONTAINER_OF(sink, struct kit_sink, sink);
    assert_int_equal(kit->failures, 0); /* after a failure the sink takes no more */
    if (kit->total + len > kit->fail_at) {
        kit->failures++;
        return err_set(err, ERR_STORE_UNAVAILABLE, "full at %zu", kit->fail_at);
    }
    kit->total += len;
    kit->largest = len > kit->largest ? len : kit->largest;
    if (!kit->drops)
        buf_add(&kit->bytes, bytes, len);
    return true;
}

static inline void kit_sink_init(struct kit_sink *kit)
{
    *kit = (struct kit_sink){.sink = {kit_write}, .fail_at = SIZE_MAX};
    buf_init(&kit->bytes, KIT_MAX);
}

static inline void kit_sink_done(struct kit_sink *kit)
{
    buf_done(&kit->bytes);
}

/* Columns "c0", "c1", … of type COLUMN_ANY, to be changed by the test. */
struct kit_columns {
    struct column columns[KIT_COLUMNS];
    const struct column *pointers[KIT_COLUMNS];
};

static inline void kit_columns_init(struct kit_columns *kit)
{
    static const char *const names[KIT_COLUMNS] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    for (size_t i = 0; i < KIT_COLUMNS; i++) {
        kit->columns[i] =
            (struct column){.name = str_of(names[i]), .title = str_of(names[i]), .delimiter = ','};
        kit->pointers[i] = &kit->columns[i];
    }
}

static inline void kit_set(struct batch *batch, struct cell *cell, const struct value *value)
{
    switch (value->kind) {
    case CELL_NULL:
        *cell = (struct cell){.kind = CELL_NULL};
        break;
    case CELL_DOUBLE:
        *cell = (struct cell){.kind = CELL_DOUBLE, .as.number = value->number};
        break;
    case CELL_INTEGER:
    case CELL_BOOLEAN:
    case CELL_DATE:
    case CELL_TIMESTAMP:
        *cell = (struct cell){.kind = value->kind, .as.integer = value->integer};
        break;
    case CELL_TEXT:
    case CELL_DECIMAL:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
    case CELL_LITERAL:
        assert_true(batch_set_text(batch, cell, value->kind, value->text));
        break;
    }
}

static inline void kit_add_row(struct batch *batch, const struct value *values)
{
    struct cell *cells = batch_add_row(batch);
    for (size_t i = 0; i < batch->column_count; i++)
        kit_set(batch, &cells[i], &values[i]);
}

/* Writes the values, `rows` rows of `columns`, in batches of `batch_rows`, as one file. */
static inline struct fidelity kit_export(const char *format, const struct writer_options *options,
                                         const struct kit_columns *columns, size_t column_count,
                                         const struct value *values, size_t rows, size_t batch_rows,
                                         struct kit_sink *sink)
{
    struct err err = {0};
    struct batch batch;
    batch_init(&batch, column_count);
    struct writer *writer = writer_new(format_find(str_of(format)), options, columns->pointers,
                                       column_count, &sink->sink);
    for (size_t row = 0; row < rows;) {
        batch_clear(&batch);
        for (size_t i = 0; i < batch_rows && row < rows && !batch_is_full(&batch); i++, row++)
            kit_add_row(&batch, values + row * column_count);
        assert_true(writer_rows(writer, &batch, &err));
    }
    assert_true(writer_finish(writer, &err));
    struct fidelity fidelity = *writer_fidelity(writer);
    writer_free(writer);
    batch_done(&batch);
    return fidelity;
}

static inline void kit_assert_bytes(struct str have, struct str want, const char *what)
{
    if (!str_equal(have, want))
        fail_msg("%s:\n have <%.*s>\n want <%.*s>", what, STR_ARG(have), STR_ARG(want));
}

/* Exports a small table with one call and compares the file. */
static inline struct fidelity kit_check(const char *format, const struct writer_options *options,
                                        const struct kit_columns *columns, size_t column_count,
                                        const struct value *values, size_t rows, struct str want,
                                        const char *what)
{
    struct kit_sink sink;
    kit_sink_init(&sink);
    struct fidelity fidelity =
        kit_export(format, options, columns, column_count, values, rows, BATCH_ROWS, &sink);
    kit_assert_bytes(buf_str(&sink.bytes), want, what);
    kit_sink_done(&sink);
    return fidelity;
}

#endif
