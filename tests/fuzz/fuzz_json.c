/* SPDX-License-Identifier: Apache-2.0
 *
 * Any table as json and ndjson, read back: the file is valid, an object a line, every key in its
 * place, strings decode to what they were, numbers have the same digits, and arrays their elements.
 */
#include "tests/fuzz/fuzz_table.h"

#include "base/calendar.h"
#include "export/array.h"
#include "export/decimal.h"
#include "export/json_check.h"

#include <math.h>

struct reader {
    const struct fuzz_table *table;
    struct str rest;
    struct buf text; /* the last string, decoded */
};

/* ---- Tokens ---- */

static bool skip(struct reader *reader, struct str front)
{
    if (!str_starts_with(reader->rest, front))
        return false;
    reader->rest = (struct str){reader->rest.ptr + front.len, reader->rest.len - front.len};
    return true;
}

static void must_skip(struct reader *reader, struct str front, const char *what)
{
    fuzz_require(skip(reader, front), what, reader->rest);
}

static struct str take(struct reader *reader, size_t len)
{
    struct str taken = {reader->rest.ptr, len};
    must_skip(reader, taken, "there is more");
    return taken;
}

/* Behind a backslash. No text has a NUL, nor needs an escape of two bytes. */
static char take_escape(struct reader *reader)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = take(reader, 1).ptr[0];
    if (c != 'u') {
        const char *found = memchr(from, c, sizeof from - 1);
        fuzz_require(found, "an escape is one of JSON", reader->rest);
        return to[found - from];
    }
    static const char hex[] = "0123456789abcdef";
    must_skip(reader, STR("00"), "only control characters need a code");
    int tens = take(reader, 1).ptr[0] - '0';
    const char *ones = memchr(hex, take(reader, 1).ptr[0], sizeof hex - 1);
    fuzz_require((tens == 0 || tens == 1) && ones, "an escape of a control character",
                 reader->rest);
    return (char)(tens * 16 + (ones - hex));
}

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

static struct str take_string(struct reader *reader)
{
    buf_clear(&reader->text);
    must_skip(reader, STR("\""), "a string begins");
    for (;;) {
        size_t plain = 0;
        while (plain < reader->rest.len && is_plain(reader->rest.ptr[plain]))
            plain++;
        buf_add_str(&reader->text, take(reader, plain));
        fuzz_require(reader->rest.len > 0, "a string ends", reader->rest);
        char c = take(reader, 1).ptr[0];
        if (c == '"')
            return buf_str(&reader->text);
        fuzz_require(c == '\\', "control characters are escaped", reader->rest);
        buf_add_char(&reader->text, take_escape(reader));
    }
}

/* Up to the next delimiter: a number or a word. */
static struct str take_token(struct reader *reader)
{
    size_t len = 0;
    while (len < reader->rest.len && !memchr(",]}", reader->rest.ptr[len], 3))
        len++;
    return take(reader, len);
}

/* A number or a word, or, in columns of numbers that are strings, what is in the string. */
static struct str take_number(struct reader *reader, const struct column *column)
{
    enum column_type type = column->type == COLUMN_ARRAY ? column->element : column->type;
    bool is_exact = type == COLUMN_BIGINT || type == COLUMN_DECIMAL;
    if (is_exact && reader->table->options.has_exact_numbers_text)
        return take_string(reader);
    struct str token = take_token(reader);
    fuzz_require(json_is_valid(token), "a number is one of JSON", token);
    return token;
}

static bool is_null_next(const struct reader *reader)
{
    return str_starts_with(reader->rest, STR("null"));
}

/* ---- Numbers ---- */

static void check_double(struct reader *reader, const struct column *column, double want)
{
    if (!isfinite(want)) {
        must_skip(reader, STR("null"), "what is not finite is null");
        return;
    }
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    buf_add_str(&text, take_number(reader, column));
    double have = strtod(text.ptr, NULL);
    fuzz_require(fuzz_is_same(have, want), "a double reads back the same", buf_str(&text));
}

static void check_integer(struct reader *reader, const struct column *column, int64_t want)
{
    int64_t have = 0;
    struct str token = take_number(reader, column);
    fuzz_require(str_to_int64(token, &have) && have == want, "an integer is what it was", token);
}

/* The digits before an exponent, without zeros in front; then the sign and value of the rest. */
static void check_digits(struct str have, struct str want)
{
    struct buf digits[2];
    struct str texts[2] = {have, want};
    for (size_t i = 0; i < 2; i++) {
        buf_init(&digits[i], SIZE_MAX);
        bool has_begun = false;
        for (size_t k = 0; k < texts[i].len && (texts[i].ptr[k] | 0x20) != 'e'; k++) {
            bool is_digit = texts[i].ptr[k] >= '0' && texts[i].ptr[k] <= '9';
            has_begun |= is_digit && texts[i].ptr[k] != '0';
            if (is_digit && has_begun)
                buf_add_char(&digits[i], texts[i].ptr[k]);
        }
        buf_add_char(&digits[i], texts[i].len && texts[i].ptr[0] == '-' ? '-' : '+');
    }
    fuzz_require_equal(buf_str(&digits[0]), buf_str(&digits[1]), "a decimal has all its digits");
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&digits[i]);
        buf_add_str(&digits[i], texts[i]);
    }
    fuzz_require(strtold(digits[0].ptr, NULL) == strtold(digits[1].ptr, NULL),
                 "a decimal is what it was", have);
    buf_done(&digits[0]);
    buf_done(&digits[1]);
}

static void check_decimal(struct reader *reader, const struct column *column, struct str want)
{
    struct decimal decimal;
    if (decimal_is_not_finite(want)) {
        must_skip(reader, STR("null"), "what is not finite is null");
    } else if (!decimal_parse(want, &decimal)) {
        fuzz_require_equal(take_string(reader), want, "what is no number is a string");
    } else {
        check_digits(take_number(reader, column), want);
    }
}

/* ---- Times ---- */

static void check_time(struct reader *reader, const struct cell *cell)
{
    int64_t us = 0;
    struct str text = take_string(reader);
    bool is_time = cell->kind == CELL_DATE ? calendar_parse_date(text, &us)
                                           : calendar_parse_timestamp(text, &us);
    fuzz_require(is_time && us == cell->as.integer, "a time is what it was", text);
}

/* ---- JSON and arrays ---- */

static void check_json(struct reader *reader, struct str want)
{
    struct str have = take(reader, want.len);
    for (size_t i = 0; i < want.len; i++) {
        bool is_line_end = want.ptr[i] == '\n' || want.ptr[i] == '\r';
        fuzz_require(have.ptr[i] == (is_line_end ? ' ' : want.ptr[i]), "JSON is what it was", have);
    }
}

static bool is_of_text(enum column_type type)
{
    return type != COLUMN_INTEGER && type != COLUMN_BIGINT && type != COLUMN_NUMBER &&
           type != COLUMN_DECIMAL && type != COLUMN_BOOLEAN && type != COLUMN_TIMESTAMP &&
           type != COLUMN_DATE && type != COLUMN_JSON;
}

/* An element of another type may be a string where it is none of its type. */
static void check_element(struct reader *reader, const struct column *column, struct str want)
{
    if (column->element == COLUMN_JSON) {
        check_json(reader, want);
    } else if (is_of_text(column->element)) {
        fuzz_require_equal(take_string(reader), want, "an element is what it was");
    } else if (is_null_next(reader)) {
        must_skip(reader, STR("null"), "null");
    } else if (str_starts_with(reader->rest, STR("\""))) {
        (void)take_string(reader);
    } else {
        struct str token = take_token(reader);
        fuzz_require(json_is_valid(token), "a number is one of JSON", token);
    }
}

/* Takes an element off an array's text, as array_in would read it. */
static struct str read_element(struct str *array, char delimiter, bool *is_quoted, struct buf *out)
{
    size_t at = 0;
    *is_quoted = array->ptr[0] == '"';
    buf_clear(out);
    for (at = *is_quoted; at < array->len; at++) {
        char c = array->ptr[at];
        if (*is_quoted ? c == '"' : c == delimiter || c == '}')
            break;
        if (c == '\\')
            c = array->ptr[++at];
        buf_add_char(out, c);
    }
    at += *is_quoted;
    *array = (struct str){array->ptr + at, array->len - at};
    return buf_str(out);
}

static void check_array(struct reader *reader, const struct column *column, struct str want)
{
    if (!array_is_whole(want, column->delimiter)) {
        fuzz_require_equal(take_string(reader), want, "what is no array is a string");
        return;
    }
    struct buf element CLEANUP(buf_done);
    buf_init(&element, SIZE_MAX);
    if (want.ptr[0] == '[')
        want = (struct str){want.ptr + str_find(want, '=') + 1, want.len - str_find(want, '=') - 1};
    while (want.len) {
        char c = want.ptr[0];
        bool is_mark = c == '{' || c == '}' || c == column->delimiter;
        bool is_quoted = false;
        if (is_mark) {
            must_skip(reader,
                      c == '{'   ? STR("[")
                      : c == '}' ? STR("]")
                                 : STR(","),
                      "an array has its shape");
            want = (struct str){want.ptr + 1, want.len - 1};
            continue;
        }
        struct str text = read_element(&want, column->delimiter, &is_quoted, &element);
        if (!is_quoted && str_equal(text, STR("NULL")))
            must_skip(reader, STR("null"), "NULL is null");
        else
            check_element(reader, column, text);
    }
}

/* ---- The file ---- */

static void check_value(struct reader *reader, const struct column *column, const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_NULL:
        must_skip(reader, STR("null"), "null is null");
        break;
    case CELL_TEXT:
    case CELL_BYTES:
    case CELL_LITERAL:
        fuzz_require_equal(take_string(reader), fuzz_table_text(reader->table, cell),
                           "a text is what it was");
        break;
    case CELL_INTEGER:
        check_integer(reader, column, cell->as.integer);
        break;
    case CELL_DOUBLE:
        check_double(reader, column, cell->as.number);
        break;
    case CELL_DECIMAL:
        check_decimal(reader, column, fuzz_table_text(reader->table, cell));
        break;
    case CELL_BOOLEAN:
        must_skip(reader, cell->as.integer ? STR("true") : STR("false"), "a boolean");
        break;
    case CELL_DATE:
    case CELL_TIMESTAMP:
        check_time(reader, cell);
        break;
    case CELL_JSON:
        check_json(reader, fuzz_table_text(reader->table, cell));
        break;
    case CELL_ARRAY:
        check_array(reader, column, fuzz_table_text(reader->table, cell));
        break;
    }
}

static void check_row(struct reader *reader, size_t row)
{
    const struct fuzz_table *table = reader->table;
    struct str begin = reader->rest;
    for (size_t i = 0; i < table->column_count; i++) {
        must_skip(reader, i ? STR(",") : STR("{"), "an object has all its keys");
        fuzz_require_equal(take_string(reader), table->columns[i].name, "a key is its column");
        must_skip(reader, STR(":"), "a value follows its key");
        check_value(reader, &table->columns[i], fuzz_table_cell(table, row, i));
    }
    must_skip(reader, STR("}"), "an object ends");
    struct str object = {begin.ptr, begin.len - reader->rest.len};
    fuzz_require(json_is_valid(object), "an object is valid", object);
    fuzz_require(str_find(object, '\n') == object.len, "an object is a line", object);
}

static void check_file(const struct fuzz_table *table, bool is_array)
{
    struct fuzz_file file;
    fuzz_file_init(&file);
    fuzz_table_export(table, is_array ? &format_json : &format_ndjson, &file);
    struct str whole = buf_str(&file.bytes);
    struct reader reader = {.table = table, .rest = whole};
    buf_init(&reader.text, TABLE_MAX_FILE);
    size_t rows = table->batch.row_count;
    for (size_t row = 0; row < rows; row++) {
        if (is_array)
            must_skip(&reader, row ? STR(",\n") : STR("[\n"), "rows are in one array");
        check_row(&reader, row);
        if (!is_array)
            must_skip(&reader, STR("\n"), "an object is a line");
    }
    if (is_array) {
        must_skip(&reader, rows ? STR("\n]\n") : STR("[]\n"), "the array ends");
        fuzz_require(json_is_valid(whole), "the file is valid", whole);
    }
    fuzz_require(!reader.rest.len, "nothing is behind the last row", reader.rest);
    buf_done(&reader.text);
    fuzz_file_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct fuzz_table table;
    fuzz_table_read(&table, &input);
    fuzz_table_options(&table, &input);
    check_file(&table, true);
    check_file(&table, false);
    fuzz_table_done(&table);
    return 0;
}
