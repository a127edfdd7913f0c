/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_cell.h. What is a number in the source is a number here, digit for digit, or a string in
 * whole columns (has_exact_numbers_text), never by its size. JSON values are embedded as they are,
 * but for line ends between their tokens, so that a line stays an object. An array is an array,
 * whose elements are what a column of their type would be.
 */
#include "export/json_cell.h"

#include "base/calendar.h"
#include "base/number.h"
#include "export/array.h"
#include "export/decimal.h"

#include <math.h>

void json_out_init(struct json_out *out, struct sink *sink)
{
    static const char controls[] =
        "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37";
    *out = (struct json_out){0};
    output_init(&out->output, sink);
    scan_init(&out->special, '"', '\\', STR(controls));
    scan_init(&out->line_ends, '\n', '\r', STR(""));
}

void json_out_done(struct json_out *out)
{
    output_done(&out->output);
}

struct json_kind json_kind_of(const struct column *column, bool has_exact_numbers_text)
{
    enum column_type type = column->type == COLUMN_ARRAY ? column->element : column->type;
    bool is_exact = type == COLUMN_BIGINT || type == COLUMN_DECIMAL;
    return (struct json_kind){.has_text_numbers = has_exact_numbers_text && is_exact,
                              .delimiter = column->delimiter,
                              .element = column->element};
}

size_t json_format_escape(char c, char text[JSON_ESCAPE_SIZE])
{
    static const char short_forms[0x80] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't',
                                           ['\n'] = 'n', ['\f'] = 'f',  ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    unsigned code = (unsigned char)c;
    text[0] = '\\';
    text[1] = short_forms[code];
    if (text[1])
        return 2;
    text[1] = 'u';
    text[2] = '0';
    text[3] = '0';
    text[4] = hex[code >> 4];
    text[5] = hex[code & 0xF];
    return JSON_ESCAPE_SIZE;
}

/* What stands between the quotes of a string, or a part of it. */
static void put_characters(struct json_out *out, struct str text)
{
    struct output *output = &out->output;
    for (;;) {
        size_t plain = scan_plain(&out->special, text);
        output_add(output, (struct str){text.ptr, plain});
        if (plain == text.len)
            break;
        char *room = output_reserve(output, JSON_ESCAPE_SIZE);
        output_commit(output, json_format_escape(text.ptr[plain], room));
        text = (struct str){text.ptr + plain + 1, text.len - plain - 1};
    }
}

static void put_string(struct json_out *out, struct str text)
{
    output_add_char(&out->output, '"');
    put_characters(out, text);
    output_add_char(&out->output, '"');
}

static void put_non_finite(struct json_out *out)
{
    out->non_finite++;
    output_add(&out->output, STR("null"));
}

static void put_quotes(struct json_out *out, const struct json_kind *kind)
{
    if (kind->has_text_numbers)
        output_add_char(&out->output, '"');
}

static void put_number(struct json_out *out, const struct json_kind *kind, const struct cell *cell)
{
    if (cell->kind == CELL_DOUBLE && !isfinite(cell->as.number)) {
        put_non_finite(out);
        return;
    }
    put_quotes(out, kind);
    char *room = output_reserve(&out->output, NUMBER_TEXT_SIZE);
    output_commit(&out->output, cell->kind == CELL_DOUBLE
                                    ? number_format_double(cell->as.number, room)
                                    : number_format_int64(cell->as.integer, room));
    put_quotes(out, kind);
}

/* Digits of any number; as a string they stay as they came. */
static void put_decimal(struct json_out *out, const struct json_kind *kind, struct str text)
{
    struct decimal decimal;
    if (!decimal_parse(text, &decimal)) {
        if (decimal_is_not_finite(text))
            put_non_finite(out);
        else
            put_string(out, text);
    } else if (kind->has_text_numbers) {
        put_string(out, text);
    } else if (decimal.is_canonical) {
        output_add(&out->output, text);
    } else {
        output_add(&out->output, decimal.is_negative ? STR("-") : STR(""));
        output_add(&out->output, decimal.whole.len ? decimal.whole : STR("0"));
        output_add(&out->output, decimal.fraction.len ? STR(".") : STR(""));
        output_add(&out->output, decimal.fraction);
        output_add(&out->output, decimal.exponent);
    }
}

static void put_time(struct json_out *out, const struct cell *cell)
{
    char *room = output_reserve(&out->output, CALENDAR_TEXT_SIZE + 2);
    room[0] = '"';
    size_t len = cell->kind == CELL_DATE ? calendar_format_date(cell->as.integer, room + 1)
                                         : calendar_format_timestamp(cell->as.integer, room + 1);
    room[len + 1] = '"';
    output_commit(&out->output, len + 2);
}

/* A cell without text. */
static void put_plain_cell(struct json_out *out, const struct json_kind *kind,
                           const struct cell *cell)
{
    if (cell->kind == CELL_BOOLEAN) {
        output_add(&out->output, cell->as.integer ? STR("true") : STR("false"));
    } else if (cell->kind == CELL_DATE || cell->kind == CELL_TIMESTAMP) {
        put_time(out, cell);
    } else {
        put_number(out, kind, cell);
    }
}

/* Line ends can only stand between the tokens of valid JSON, where a space says the same. */
static void put_json(struct json_out *out, struct str text)
{
    for (;;) {
        size_t line = scan_plain(&out->line_ends, text);
        output_add(&out->output, (struct str){text.ptr, line});
        if (line == text.len)
            break;
        output_add_char(&out->output, ' ');
        text = (struct str){text.ptr + line + 1, text.len - line - 1};
    }
}

/* ---- Arrays ---- */

static void put_string_element(struct json_out *out, struct array_element element)
{
    struct str piece;
    if (!element.has_escapes) {
        put_string(out, element.text);
        return;
    }
    output_add_char(&out->output, '"');
    while (array_next_piece(&element.text, &piece))
        put_characters(out, piece);
    output_add_char(&out->output, '"');
}

static void put_json_element(struct json_out *out, struct array_element element)
{
    struct str piece;
    if (!element.has_escapes) {
        put_json(out, element.text);
        return;
    }
    while (array_next_piece(&element.text, &piece))
        put_json(out, piece);
}

/* The cell of an element that is a whole number, a double or a time; false: it is its text. */
static bool read_element(enum column_type type, struct str text, struct cell *out)
{
    int64_t *integer = &out->as.integer;
    switch (type) {
    case COLUMN_INTEGER:
    case COLUMN_BIGINT:
        out->kind = CELL_INTEGER;
        return str_to_int64(text, integer);
    case COLUMN_NUMBER:
        out->kind = CELL_DOUBLE;
        return number_parse_double(text, &out->as.number);
    case COLUMN_BOOLEAN:
        out->kind = CELL_BOOLEAN;
        *integer = str_equal(text, STR("t"));
        return *integer || str_equal(text, STR("f"));
    case COLUMN_TIMESTAMP:
        out->kind = CELL_TIMESTAMP;
        return calendar_parse_timestamp(text, integer) && cell_time_is_legal(*integer);
    case COLUMN_ANY:
    case COLUMN_TEXT:
    case COLUMN_DECIMAL:
    case COLUMN_DATE:
    case COLUMN_JSON:
    case COLUMN_BYTES:
    case COLUMN_TIME:
    case COLUMN_ARRAY:
    case COLUMN_OTHER:
    case COLUMN_TYPE_COUNT:
        break;
    }
    return false;
}

/* NaN and infinities of the types that have them. */
static bool is_not_finite(enum column_type type, struct str text)
{
    if (type == COLUMN_NUMBER)
        return decimal_is_not_finite(text);
    return (type == COLUMN_DATE || type == COLUMN_TIMESTAMP) &&
           (str_equal(text, STR("infinity")) || str_equal(text, STR("-infinity")));
}

static void put_element(struct json_out *out, const struct json_kind *kind,
                        const struct array_element *element)
{
    struct cell cell = {0};
    if (kind->element == COLUMN_JSON) {
        put_json_element(out, *element);
    } else if (kind->element == COLUMN_DECIMAL && !element->has_escapes) {
        put_decimal(out, kind, element->text);
    } else if (is_not_finite(kind->element, element->text)) {
        put_non_finite(out);
    } else if (read_element(kind->element, element->text, &cell)) {
        put_plain_cell(out, kind, &cell);
    } else {
        put_string_element(out, *element);
    }
}

/* The brackets are checked before the first is written: what is no array is a string. */
static void put_array(struct json_out *out, const struct json_kind *kind, struct str text)
{
    if (!array_is_whole(text, kind->delimiter)) {
        put_string(out, text);
        return;
    }
    struct array_reader reader = array_read(text, kind->delimiter);
    struct array_element element;
    for (;;) {
        switch (array_next(&reader, &element)) {
        case ARRAY_OPEN:
            output_add_char(&out->output, '[');
            break;
        case ARRAY_CLOSE:
            output_add_char(&out->output, ']');
            break;
        case ARRAY_BETWEEN:
            output_add_char(&out->output, ',');
            break;
        case ARRAY_NULL:
            output_add(&out->output, STR("null"));
            break;
        case ARRAY_ELEMENT:
            put_element(out, kind, &element);
            break;
        case ARRAY_END:
        case ARRAY_WRONG:
            return;
        }
    }
}

/* ---- Rows ---- */

void json_put_cell(struct json_out *out, const struct json_kind *kind, const struct batch *batch,
                   const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_NULL:
        output_add(&out->output, STR("null"));
        break;
    case CELL_TEXT:
    case CELL_BYTES:
    case CELL_LITERAL:
        put_string(out, batch_text(batch, cell));
        break;
    case CELL_JSON:
        put_json(out, batch_text(batch, cell));
        break;
    case CELL_ARRAY:
        put_array(out, kind, batch_text(batch, cell));
        break;
    case CELL_DECIMAL:
        put_decimal(out, kind, batch_text(batch, cell));
        break;
    case CELL_INTEGER:
    case CELL_DOUBLE:
    case CELL_BOOLEAN:
    case CELL_DATE:
    case CELL_TIMESTAMP:
        put_plain_cell(out, kind, cell);
        break;
    }
}
