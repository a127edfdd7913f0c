/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON: one array of objects, an object a line; and NDJSON, the same lines without the array. Every
 * object has every key, in the order of the columns; the keys are escaped once, with the
 * punctuation before them.
 *
 * What is a number in the source is a number here, digit for digit, or a string in whole columns
 * (has_exact_numbers_text), never by its size. JSON values are embedded as they are, but for line
 * ends between their tokens, so that a line stays an object.
 */
#include "export/writer.h"

#include "base/arena.h"
#include "base/calendar.h"
#include "base/mem.h"
#include "base/number.h"
#include "export/decimal.h"
#include "export/output.h"
#include "export/scan.h"

#include <assert.h>
#include <math.h>

enum { ESCAPE_SIZE = 6 };

struct json_column {
    struct str key;        /* `{"name":` for the first, `,"name":` for the others */
    bool has_text_numbers; /* its numbers are written as strings */
};

struct json {
    struct writer writer;
    struct output output;
    struct scan scan; /* what a string must escape */
    struct scan line_ends;
    struct json_column *columns;
    size_t column_count;
    struct arena arena; /* columns and keys */
    bool is_array;      /* json; otherwise ndjson */
    bool has_rows;
};

static struct json *json_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct json, writer);
}

/* The escape of a quote, a backslash or a control character. */
static size_t format_escape(char c, char out[ESCAPE_SIZE])
{
    static const char short_forms[0x80] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't',
                                           ['\n'] = 'n', ['\f'] = 'f',  ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    unsigned code = (unsigned char)c;
    out[0] = '\\';
    out[1] = short_forms[code];
    if (out[1])
        return 2;
    out[1] = 'u';
    out[2] = '0';
    out[3] = '0';
    out[4] = hex[code >> 4];
    out[5] = hex[code & 0xF];
    return ESCAPE_SIZE;
}

static void put_string(struct json *json, struct str text)
{
    struct output *output = &json->output;
    output_add_char(output, '"');
    for (;;) {
        size_t plain = scan_plain(&json->scan, text);
        output_add(output, (struct str){text.ptr, plain});
        if (plain == text.len)
            break;
        char *room = output_reserve(output, ESCAPE_SIZE);
        output_commit(output, format_escape(text.ptr[plain], room));
        text = (struct str){text.ptr + plain + 1, text.len - plain - 1};
    }
    output_add_char(output, '"');
}

static void put_non_finite(struct json *json)
{
    json->writer.fidelity.non_finite++;
    output_add(&json->output, STR("null"));
}

static void put_quotes(struct json *json, const struct json_column *column)
{
    if (column->has_text_numbers)
        output_add_char(&json->output, '"');
}

static void put_number(struct json *json, const struct json_column *column, const struct cell *cell)
{
    if (cell->kind == CELL_DOUBLE && !isfinite(cell->as.number)) {
        put_non_finite(json);
        return;
    }
    put_quotes(json, column);
    char *room = output_reserve(&json->output, NUMBER_TEXT_SIZE);
    output_commit(&json->output, cell->kind == CELL_DOUBLE
                                     ? number_format_double(cell->as.number, room)
                                     : number_format_int64(cell->as.integer, room));
    put_quotes(json, column);
}

/* Digits of any number; as a string they stay as they came. */
static void put_decimal(struct json *json, const struct json_column *column, struct str text)
{
    struct decimal decimal;
    if (decimal_is_not_finite(text)) {
        put_non_finite(json);
    } else if (column->has_text_numbers || !decimal_parse(text, &decimal)) {
        put_string(json, text);
    } else if (decimal.is_canonical) {
        output_add(&json->output, text);
    } else {
        output_add(&json->output, decimal.is_negative ? STR("-") : STR(""));
        output_add(&json->output, decimal.whole.len ? decimal.whole : STR("0"));
        output_add(&json->output, decimal.fraction.len ? STR(".") : STR(""));
        output_add(&json->output, decimal.fraction);
        output_add(&json->output, decimal.exponent);
    }
}

static void put_time(struct json *json, const struct cell *cell)
{
    char *room = output_reserve(&json->output, CALENDAR_TEXT_SIZE + 2);
    room[0] = '"';
    size_t len = cell->kind == CELL_DATE ? calendar_format_date(cell->as.integer, room + 1)
                                         : calendar_format_timestamp(cell->as.integer, room + 1);
    room[len + 1] = '"';
    output_commit(&json->output, len + 2);
}

/* Line ends can only stand between the tokens of valid JSON, where a space says the same. */
static void put_json(struct json *json, struct str text)
{
    for (;;) {
        size_t line = scan_plain(&json->line_ends, text);
        output_add(&json->output, (struct str){text.ptr, line});
        if (line == text.len)
            break;
        output_add_char(&json->output, ' ');
        text = (struct str){text.ptr + line + 1, text.len - line - 1};
    }
}

static void put_cell(struct json *json, const struct json_column *column, const struct batch *batch,
                     const struct cell *cell)
{
    output_add(&json->output, column->key);
    switch (cell->kind) {
    case CELL_NULL:
        output_add(&json->output, STR("null"));
        break;
    case CELL_TEXT:
    case CELL_BYTES:
    case CELL_LITERAL:
        put_string(json, batch_text(batch, cell));
        break;
    case CELL_JSON:
        put_json(json, batch_text(batch, cell));
        break;
    case CELL_DECIMAL:
        put_decimal(json, column, batch_text(batch, cell));
        break;
    case CELL_INTEGER:
    case CELL_DOUBLE:
        put_number(json, column, cell);
        break;
    case CELL_BOOLEAN:
        output_add(&json->output, cell->as.integer ? STR("true") : STR("false"));
        break;
    case CELL_DATE:
    case CELL_TIMESTAMP:
        put_time(json, cell);
        break;
    }
}

static bool json_rows(struct writer *writer, const struct batch *batch, struct err *err)
{
    struct json *json = json_of(writer);
    assert(batch->column_count == json->column_count);
    const struct cell *cell = batch->cells;
    for (size_t row = 0; row < batch->row_count && !json->output.has_failed; row++) {
        if (json->is_array)
            output_add(&json->output, json->has_rows ? STR(",\n") : STR("[\n"));
        json->has_rows = true;
        for (size_t i = 0; i < json->column_count; i++)
            put_cell(json, &json->columns[i], batch, cell++);
        output_add(&json->output, json->is_array ? STR("}") : STR("}\n"));
    }
    return output_check(&json->output, err);
}

static bool json_finish(struct writer *writer, struct err *err)
{
    struct json *json = json_of(writer);
    if (json->is_array)
        output_add(&json->output, json->has_rows ? STR("\n]\n") : STR("[]\n"));
    output_flush(&json->output);
    return output_check(&json->output, err);
}

static void json_free(struct writer *writer)
{
    struct json *json = json_of(writer);
    output_done(&json->output);
    arena_done(&json->arena);
    free(json);
}

static const struct writer_ops json_ops = {
    .rows = json_rows,
    .finish = json_finish,
    .free = json_free,
};

static struct str make_key(struct arena *arena, struct str name, bool is_first)
{
    char *key = arena_alloc_array(arena, name.len + 1, ESCAPE_SIZE);
    size_t len = 0;
    key[len++] = is_first ? '{' : ',';
    key[len++] = '"';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '"' || c == '\\' || (unsigned char)c < 0x20) {
            len += format_escape(c, key + len);
        } else {
            key[len++] = c;
        }
    }
    key[len++] = '"';
    key[len++] = ':';
    return (struct str){key, len};
}

static struct writer *new_writer(const struct writer_options *options,
                                 const struct column *const *columns, size_t column_count,
                                 struct sink *sink, bool is_array)
{
    struct json *json = mem_new(struct json);
    json->writer.ops = &json_ops;
    json->is_array = is_array;
    json->column_count = column_count;
    arena_init(&json->arena);
    json->columns = arena_alloc_array(&json->arena, column_count, sizeof *json->columns);
    for (size_t i = 0; i < column_count; i++) {
        enum column_type type = columns[i]->type;
        json->columns[i].key = make_key(&json->arena, columns[i]->name, i == 0);
        json->columns[i].has_text_numbers =
            options->has_exact_numbers_text && (type == COLUMN_BIGINT || type == COLUMN_DECIMAL);
    }
    output_init(&json->output, sink);
    static const char controls[] =
        "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37";
    scan_init(&json->scan, '"', '\\', STR(controls));
    scan_init(&json->line_ends, '\n', '\r', STR(""));
    return &json->writer;
}

static struct writer *json_new(const struct writer_options *options,
                               const struct column *const *columns, size_t column_count,
                               struct sink *sink)
{
    return new_writer(options, columns, column_count, sink, true);
}

static struct writer *ndjson_new(const struct writer_options *options,
                                 const struct column *const *columns, size_t column_count,
                                 struct sink *sink)
{
    return new_writer(options, columns, column_count, sink, false);
}

const struct format format_json = {
    .name = "json",
    .extension = "json",
    .content_type = "application/json",
    .new_writer = json_new,
};

const struct format format_ndjson = {
    .name = "ndjson",
    .extension = "ndjson",
    .content_type = "application/x-ndjson",
    .new_writer = ndjson_new,
};
