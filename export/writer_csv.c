/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV as RFC 4180 has it, quoted only where a reader would otherwise lose something: the delimiter,
 * a quote or a line end inside, a space at an end, an empty text (null is bare), `\.` (it ends a
 * COPY of PostgreSQL), what the formula guard touched, and what is the same as the text for null.
 *
 * The guard goes by the kind of the cell, before anything is formatted: text gets a leading ' where
 * a spreadsheet would see a formula; a negative number never does, nor does json: a value that
 * begins like a formula is a number.
 */
#include "export/writer.h"

#include "base/mem.h"
#include "base/number.h"
#include "export/formula.h"
#include "export/number_look.h"
#include "export/output.h"
#include "export/scan.h"
#include "export/time_look.h"

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
    struct time_look time_look;
    struct number_look number_look;
    struct str newline;
    struct str null_text;
    char delimiter;
    bool has_formula_guard;
    bool has_titles;
    bool has_bom;
    bool has_begun;
    char value[VALUE_SIZE];
    bool must_check_values; /* numbers and times may hold the delimiter or be the text for null */
};

static struct csv *csv_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct csv, writer);
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
                    !has_space_at_an_end(text) && !str_equal(text, STR("\\.")) &&
                    !(text.len == csv->null_text.len && str_equal(text, csv->null_text));
    if (!is_plain) {
        put_quoted(csv, text, false);
    } else {
        output_add(&csv->output, text);
    }
}

/* A text of people. */
static void put_text(struct csv *csv, struct str text)
{
    if (!csv->has_formula_guard || !formula_is_suspected(text)) {
        put_value(csv, text);
        return;
    }
    csv->writer.fidelity.cells_guarded++;
    put_quoted(csv, text, true);
}

/* A null alone in its row is no blank line, which would be no record. */
static void put_null(struct csv *csv)
{
    bool is_blank = csv->column_count == 1 && !csv->null_text.len;
    output_add(&csv->output, is_blank ? STR("\"\"") : csv->null_text);
}

/* VALUE_SIZE bytes of room for a number or a time: in the output, unless it has to be looked at. */
static inline char *begin_value(struct csv *csv)
{
    return csv->must_check_values ? csv->value : output_reserve(&csv->output, VALUE_SIZE);
}

static inline void end_value(struct csv *csv, const char *value, size_t len)
{
    if (csv->must_check_values)
        put_value(csv, (struct str){value, len});
    else
        output_commit(&csv->output, len);
}

static bool is_rounded(const struct csv *csv, size_t column, enum cell_kind kind)
{
    return number_look_is_rounded(&csv->number_look, csv->columns[column]->type, kind);
}

static void put_rounded(struct csv *csv, struct str number)
{
    put_value(csv, number_look_round(&csv->number_look, number));
}

static void put_integer(struct csv *csv, size_t column, const struct cell *cell)
{
    if (is_rounded(csv, column, CELL_INTEGER)) {
        size_t len = number_format_int64(cell->as.integer, csv->value);
        put_rounded(csv, (struct str){csv->value, len});
        return;
    }
    char *value = begin_value(csv);
    end_value(csv, value, number_format_int64(cell->as.integer, value));
}

static void put_double(struct csv *csv, size_t column, const struct cell *cell)
{
    if (is_rounded(csv, column, CELL_DOUBLE)) {
        size_t len = number_format_double(cell->as.number, csv->value);
        put_rounded(csv, (struct str){csv->value, len});
        return;
    }
    char *value = begin_value(csv);
    end_value(csv, value, number_look_format_double(&csv->number_look, cell->as.number, value));
}

static void put_decimal(struct csv *csv, size_t column, struct str text)
{
    if (is_rounded(csv, column, CELL_DECIMAL))
        put_rounded(csv, text);
    else
        put_value(csv, number_look_decimal(&csv->number_look, text));
}

static void put_date(struct csv *csv, const struct cell *cell)
{
    char *value = begin_value(csv);
    end_value(csv, value, time_look_format_date(&csv->time_look, cell->as.integer, value));
}

static void put_timestamp(struct csv *csv, const struct cell *cell)
{
    char *value = begin_value(csv);
    end_value(csv, value, time_look_format_timestamp(&csv->time_look, cell->as.integer, value));
}

static void put_boolean(struct csv *csv, bool is_true)
{
    struct str text = is_true ? STR("true") : STR("false");
    if (csv->must_check_values)
        put_value(csv, text);
    else
        output_add(&csv->output, text);
}

static void put_cell(struct csv *csv, const struct batch *batch, size_t column,
                     const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_NULL:
        put_null(csv);
        break;
    case CELL_TEXT:
        put_text(csv, batch_text(batch, cell));
        break;
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
    case CELL_LITERAL:
        put_value(csv, batch_text(batch, cell));
        break;
    case CELL_BOOLEAN:
        put_boolean(csv, cell->as.integer);
        break;
    case CELL_DECIMAL:
        put_decimal(csv, column, batch_text(batch, cell));
        break;
    case CELL_INTEGER:
        put_integer(csv, column, cell);
        break;
    case CELL_DOUBLE:
        put_double(csv, column, cell);
        break;
    case CELL_DATE:
        put_date(csv, cell);
        break;
    case CELL_TIMESTAMP:
        put_timestamp(csv, cell);
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
        const struct column *column = csv->columns[i];
        put_text(csv, csv->has_titles ? column->title : column->name);
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
            put_cell(csv, batch, i, cell);
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
    number_look_done(&csv->number_look);
    output_done(&csv->output);
    free(csv);
}

static const struct writer_ops csv_ops = {
    .rows = csv_rows,
    .finish = csv_finish,
    .free = csv_free,
};

/* Whether a number, a boolean or a time could be written as this text. Times and most numbers begin
 * with a digit. */
static bool looks_like_value(struct str text)
{
    static const struct str words[] = {{"true", 4}, {"false", 5}, {"NaN", 3}, {"Infinity", 8}};
    if (!text.len)
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_equal(text, words[i]))
            return true;
    }
    return text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9');
}

/* Whether a number or a time may hold the character, which is no digit and no letter. */
static bool is_of_values(const struct csv *csv, char c)
{
    return str_find(STR("+-.:"), c) < 4 || c == csv->number_look.decimal ||
           c == csv->time_look.date_separator;
}

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
    csv->has_titles = options->has_titles;
    csv->null_text = options->null_text;
    number_look_init(&csv->number_look, options->locale, options->places);
    csv->time_look = time_look_of(options->locale, options->zone, options->has_bare_times);
    csv->must_check_values = is_of_values(csv, csv->delimiter) || looks_like_value(csv->null_text);
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
