/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV as RFC 4180 has it, quoted only where a reader would otherwise lose something: the delimiter,
 * a quote or a line end inside, a space at an end, an empty text (null is bare), `\.` (it ends a
 * COPY of PostgreSQL), and what the formula guard touched.
 *
 * The guard goes by the kind of the cell, before anything is formatted: text gets a leading ' where
 * a spreadsheet would see a formula; a negative number never does, nor does json: a value that
 * begins like a formula is a number.
 */
#include "export/writer.h"

#include "base/calendar.h"
#include "base/mem.h"
#include "base/number.h"
#include "export/output.h"
#include "export/scan.h"

#include <assert.h>

enum { VALUE_SIZE = 40 };
_Static_assert((int)VALUE_SIZE >= (int)NUMBER_TEXT_SIZE, "a number fits");
_Static_assert((int)VALUE_SIZE >= (int)CALENDAR_TEXT_SIZE, "a time fits");

struct csv {
    struct writer writer;
    struct output output;
    struct scan scan;
    const struct column *const *columns;
    size_t column_count;
    struct str newline;
    char delimiter;
    bool has_formula_guard;
    bool has_bom;
    bool has_begun;
    bool may_split_values; /* the delimiter is a character of numbers and times */
};

static struct csv *csv_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct csv, writer);
}

/* Whether a spreadsheet would take the text for a formula. */
static bool looks_like_formula(struct str text)
{
    static const struct str full_width[] = {{"\xEF\xBC\x9D", 3},  /* ＝ */
                                            {"\xEF\xBC\x8B", 3},  /* ＋ */
                                            {"\xEF\xBC\x8D", 3},  /* － */
                                            {"\xEF\xBC\xA0", 3}}; /* ＠ */
    while (text.len && text.ptr[0] == ' ')
        text = (struct str){text.ptr + 1, text.len - 1};
    if (!text.len)
        return false;
    switch (text.ptr[0]) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r':
    case '\n':
        return true;
    case '\xEF':
        for (size_t i = 0; i < COUNT_OF(full_width); i++) {
            if (str_starts_with(text, full_width[i]))
                return true;
        }
        return false;
    default:
        return false;
    }
}

static void put_quoted(struct csv *csv, struct str text, bool is_guarded)
{
    struct output *output = &csv->output;
    output_add(output, is_guarded ? STR("\"'") : STR("\""));
    for (;;) {
        size_t quote = str_find(text, '"');
        output_add(output, (struct str){text.ptr, quote});
        if (quote == text.len)
            break;
        output_add(output, STR("\"\""));
        text = (struct str){text.ptr + quote + 1, text.len - quote - 1};
    }
    output_add_char(output, '"');
}

static bool has_space_at_an_end(struct str text)
{
    return text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ');
}

/* A value that is no text of people, and so no formula. */
static void put_value(struct csv *csv, struct str text)
{
    bool is_plain = text.len > 0 && scan_plain(&csv->scan, text) == text.len &&
                    !has_space_at_an_end(text) && !str_equal(text, STR("\\."));
    if (!is_plain) {
        put_quoted(csv, text, false);
    } else {
        output_add(&csv->output, text);
    }
}

/* A text of people. */
static void put_text(struct csv *csv, struct str text)
{
    if (!csv->has_formula_guard || !looks_like_formula(text)) {
        put_value(csv, text);
        return;
    }
    csv->writer.fidelity.cells_guarded++;
    put_quoted(csv, text, true);
}

/* A number or a time: VALUE_SIZE bytes of room at `out`, and the length. */
static size_t format_value(const struct cell *cell, char out[VALUE_SIZE])
{
    if (cell->kind == CELL_INTEGER)
        return number_format_int64(cell->as.integer, out);
    if (cell->kind == CELL_DOUBLE)
        return number_format_double(cell->as.number, out);
    if (cell->kind == CELL_DATE)
        return calendar_format_date(cell->as.integer, out);
    return calendar_format_timestamp(cell->as.integer, out);
}

static void put_formatted(struct csv *csv, const struct cell *cell)
{
    if (csv->may_split_values) {
        char text[VALUE_SIZE];
        put_value(csv, (struct str){text, format_value(cell, text)});
        return;
    }
    char *room = output_reserve(&csv->output, VALUE_SIZE);
    output_commit(&csv->output, format_value(cell, room));
}

static void put_cell(struct csv *csv, const struct batch *batch, const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_NULL:
        if (csv->column_count == 1) /* a blank line would be no record */
            output_add(&csv->output, STR("\"\""));
        break;
    case CELL_TEXT:
        put_text(csv, batch_text(batch, cell));
        break;
    case CELL_DECIMAL:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
    case CELL_LITERAL:
        put_value(csv, batch_text(batch, cell));
        break;
    case CELL_BOOLEAN:
        output_add(&csv->output, cell->as.integer ? STR("true") : STR("false"));
        break;
    case CELL_INTEGER:
    case CELL_DOUBLE:
    case CELL_DATE:
    case CELL_TIMESTAMP:
        put_formatted(csv, cell);
        break;
    }
}

static void put_head(struct csv *csv)
{
    if (csv->has_begun)
        return;
    csv->has_begun = true;
    if (csv->has_bom)
        output_add(&csv->output, STR("\xEF\xBB\xBF"));
    for (size_t i = 0; i < csv->column_count; i++) {
        if (i > 0)
            output_add_char(&csv->output, csv->delimiter);
        put_text(csv, csv->columns[i]->name);
    }
    output_add(&csv->output, csv->newline);
}

static bool csv_rows(struct writer *writer, const struct batch *batch, struct err *err)
{
    struct csv *csv = csv_of(writer);
    assert(batch->column_count == csv->column_count);
    put_head(csv);
    const struct cell *cell = batch->cells;
    for (size_t row = 0; row < batch->row_count && !csv->output.has_failed; row++) {
        for (size_t i = 0; i < csv->column_count; i++, cell++) {
            if (i > 0)
                output_add_char(&csv->output, csv->delimiter);
            put_cell(csv, batch, cell);
        }
        output_add(&csv->output, csv->newline);
    }
    return output_check(&csv->output, err);
}

static bool csv_finish(struct writer *writer, struct err *err)
{
    struct csv *csv = csv_of(writer);
    put_head(csv);
    output_flush(&csv->output);
    return output_check(&csv->output, err);
}

static void csv_free(struct writer *writer)
{
    struct csv *csv = csv_of(writer);
    output_done(&csv->output);
    free(csv);
}

static const struct writer_ops csv_ops = {
    .rows = csv_rows,
    .finish = csv_finish,
    .free = csv_free,
};

static struct writer *csv_new(const struct writer_options *options,
                              const struct column *const *columns, size_t column_count,
                              struct sink *sink)
{
    struct csv *csv = mem_new(struct csv);
    csv->writer.ops = &csv_ops;
    csv->columns = columns;
    csv->column_count = column_count;
    csv->delimiter = options->delimiter;
    csv->newline = options->has_crlf ? STR("\r\n") : STR("\n");
    csv->has_bom = options->has_bom;
    csv->has_formula_guard = options->has_formula_guard;
    csv->may_split_values = str_find(STR("+-.:"), options->delimiter) < 4;
    output_init(&csv->output, sink);
    scan_init(&csv->scan, '"', options->delimiter, STR("\r\n"));
    return &csv->writer;
}

const struct format format_csv = {
    .name = "csv",
    .extension = "csv",
    .content_type = "text/csv; charset=utf-8; header=present",
    .new_writer = csv_new,
};
