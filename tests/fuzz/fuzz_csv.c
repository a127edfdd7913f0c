/* SPDX-License-Identifier: Apache-2.0
 *
 * Any table with any options as csv, read back by a reader of RFC 4180 of its own: as many rows and
 * columns, each text as it was, each number and time the same value, null told from everything.
 */
#include "tests/fuzz/fuzz_table.h"

#include "export/decimal.h"

#include <math.h>

struct reader {
    const struct fuzz_table *table;
    struct str rest;
    struct buf field;
    bool is_quoted;
};

/* ---- Fields ---- */

static bool skip(struct str *text, struct str front)
{
    if (!str_starts_with(*text, front))
        return false;
    *text = (struct str){text->ptr + front.len, text->len - front.len};
    return true;
}

static struct str newline_of(const struct reader *reader)
{
    return reader->table->options.has_crlf ? STR("\r\n") : STR("\n");
}

static void read_quoted(struct reader *reader)
{
    for (;;) {
        size_t quote = str_find(reader->rest, '"');
        fuzz_require(quote < reader->rest.len, "a quote is closed", reader->rest);
        buf_add(&reader->field, reader->rest.ptr, quote);
        (void)skip(&reader->rest, (struct str){reader->rest.ptr, quote + 1});
        if (!skip(&reader->rest, STR("\"")))
            return;
        buf_add_char(&reader->field, '"');
    }
}

static void read_bare(struct reader *reader)
{
    const char ends[] = {reader->table->options.delimiter, '"', '\r', '\n'};
    size_t len = 0;
    while (len < reader->rest.len && !memchr(ends, reader->rest.ptr[len], sizeof ends))
        len++;
    buf_add(&reader->field, reader->rest.ptr, len);
    (void)skip(&reader->rest, (struct str){reader->rest.ptr, len});
}

/* The next field, and what stands behind it: a delimiter, or at the last of a row a line end. */
static struct str read_field(struct reader *reader, bool is_last)
{
    const char delimiter = reader->table->options.delimiter;
    buf_clear(&reader->field);
    reader->is_quoted = skip(&reader->rest, STR("\""));
    if (reader->is_quoted)
        read_quoted(reader);
    else
        read_bare(reader);
    struct str end = is_last ? newline_of(reader) : (struct str){&delimiter, 1};
    fuzz_require(skip(&reader->rest, end), "a field ends where it should", reader->rest);
    return buf_str(&reader->field);
}

/* ---- Texts ---- */

static bool is_formula(struct str text)
{
    static const struct str signs[] = {{"=", 1},  {"+", 1},  {"-", 1},  {"@", 1},
                                       {"\t", 1}, {"\r", 1}, {"\n", 1}, {"＝", 3},
                                       {"＋", 3}, {"－", 3}, {"＠", 3}};
    while (skip(&text, STR(" ")))
        continue;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (str_starts_with(text, signs[i]))
            return true;
    }
    return false;
}

/* A value that stands bare is told from null, and no reader strips it. */
static void check_bare(const struct reader *reader, struct str field)
{
    if (reader->is_quoted)
        return;
    fuzz_require(!str_equal(field, reader->table->options.null_text), "no value is null", field);
    fuzz_require(field.len > 0, "no value is nothing", field);
    fuzz_require(field.ptr[0] != ' ' && field.ptr[field.len - 1] != ' ', "spaces are quoted",
                 field);
    fuzz_require(!str_equal(field, STR("\\.")), "the end mark of COPY is quoted", field);
}

static void check_text(const struct reader *reader, struct str field, struct str want)
{
    if (reader->table->options.has_formula_guard && is_formula(want)) {
        fuzz_require(reader->is_quoted, "a guarded text is quoted", field);
        fuzz_require(skip(&field, STR("'")), "a formula is guarded", field);
    } else {
        check_bare(reader, field);
    }
    fuzz_require_equal(field, want, "a text is what it was");
}

static void check_null(const struct reader *reader, struct str field)
{
    struct str null_text = reader->table->options.null_text;
    bool is_blank = reader->table->column_count == 1 && !null_text.len;
    fuzz_require(reader->is_quoted == is_blank, "null is bare", field);
    fuzz_require_equal(field, null_text, "null is its text");
}

/* ---- Numbers ---- */

/* With a point, NUL-terminated. */
static struct str with_point(const struct reader *reader, struct str field, struct buf *out)
{
    buf_clear(out);
    buf_add_str(out, field);
    buf_add_text(out, "");
    size_t sign = reader->table->options.locale
                      ? str_find(field, reader->table->options.locale->decimal)
                      : field.len;
    if (sign < field.len)
        out->ptr[sign] = '.';
    return buf_str(out);
}

static bool is_rounded(const struct fuzz_table *table, enum column_type type, enum cell_kind kind)
{
    return table->options.places != WRITER_ALL_PLACES &&
           (type == COLUMN_NUMBER || type == COLUMN_DECIMAL ||
            (type == COLUMN_ANY && kind != CELL_INTEGER));
}

/* Of a double, the shortest text that reads back is rounded: half a bit off. */
static void check_places(const struct fuzz_table *table, struct str field, long double want)
{
    size_t places = (size_t)table->options.places;
    size_t point = str_find(field, '.');
    size_t have = point < field.len ? field.len - point - 1 : 0;
    fuzz_require(have == places, "as many places as were asked for", field);
    long double half = 0.5L * powl(10, -(long double)places);
    long double off = fabsl(strtold(field.ptr, NULL) - want);
    fuzz_require(off <= half * 1.000001L + fabsl(want) * 1.2e-16L, "rounded to the nearest", field);
}

static void check_integer(const struct reader *reader, enum column_type type, struct str field,
                          int64_t want)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    buf_printf(&text, "%lld", (long long)want);
    if (is_rounded(reader->table, type, CELL_INTEGER) && reader->table->options.places > 0)
        buf_printf(&text, ".%0*d", reader->table->options.places, 0);
    fuzz_require_equal(field, buf_str(&text), "an integer is what it was");
}

static void check_double(const struct reader *reader, enum column_type type, struct str field,
                         double want)
{
    if (isnan(want)) {
        fuzz_require_equal(field, STR("NaN"), "NaN");
    } else if (isinf(want)) {
        fuzz_require_equal(field, want < 0 ? STR("-Infinity") : STR("Infinity"), "infinity");
    } else if (is_rounded(reader->table, type, CELL_DOUBLE)) {
        check_places(reader->table, field, want);
    } else {
        double have = strtod(field.ptr, NULL);
        fuzz_require(fuzz_is_same(have, want), "a double reads back the same", field);
    }
}

static void check_decimal(const struct reader *reader, enum column_type type, struct str field,
                          struct str want)
{
    struct decimal decimal;
    bool is_number = decimal_parse(want, &decimal);
    if (is_number && is_rounded(reader->table, type, CELL_DECIMAL) && !str_equal(field, want)) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, SIZE_MAX);
        buf_add_str(&text, want);
        check_places(reader->table, field, strtold(text.ptr, NULL));
        return;
    }
    fuzz_require_equal(field, want, "a decimal has all its digits");
}

static void check_number(const struct reader *reader, enum column_type type, struct str field,
                         const struct cell *cell)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    struct decimal decimal;
    if (cell->kind == CELL_DECIMAL) {
        struct str want = fuzz_table_text(reader->table, cell);
        bool is_number = decimal_parse(want, &decimal);
        check_decimal(reader, type, is_number ? with_point(reader, field, &text) : field, want);
    } else if (cell->kind == CELL_INTEGER) {
        check_integer(reader, type, with_point(reader, field, &text), cell->as.integer);
    } else {
        check_double(reader, type, with_point(reader, field, &text), cell->as.number);
    }
}

/* ---- Times ---- */

static int64_t take_number(struct str *text, size_t least_digits)
{
    int64_t number = 0;
    size_t count = 0;
    for (; count < text->len && text->ptr[count] >= '0' && text->ptr[count] <= '9'; count++)
        number = number * 10 + (text->ptr[count] - '0');
    fuzz_require(count >= least_digits && count <= 6, "a number in a time", *text);
    (void)skip(text, (struct str){text->ptr, count});
    return number;
}

static void must_skip(struct str *text, char c)
{
    fuzz_require(skip(text, (struct str){&c, 1}), "what stands in a time", *text);
}

static int64_t take_date(const struct reader *reader, struct str *text)
{
    static const char *const orders[] = {
        [DATE_YMD] = "yMd", [DATE_DMY] = "dMy", [DATE_MDY] = "Mdy", [DATE_YDM] = "ydM"};
    const struct locale *locale = reader->table->options.locale;
    const char *order = orders[locale ? locale->order : DATE_YMD];
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            must_skip(text, locale ? locale->date_separator : '-');
        int64_t number = take_number(text, order[i] == 'y' ? 4 : 2);
        *(order[i] == 'y' ? &year : order[i] == 'M' ? &month : &day) = number;
    }
    return fuzz_day_us(year, month, day);
}

static int64_t take_time(struct str *text, char decimal)
{
    int64_t seconds = take_number(text, 2) * 3600;
    must_skip(text, ':');
    seconds += take_number(text, 2) * 60;
    must_skip(text, ':');
    seconds += take_number(text, 2);
    int64_t us = 0;
    if (skip(text, (struct str){&decimal, 1})) {
        size_t len = text->len;
        us = take_number(text, 3);
        us = len - text->len == 3 ? us * 1000 : us;
    }
    return seconds * 1000000 + us;
}

static int64_t take_offset(struct str *text)
{
    if (skip(text, STR("Z")))
        return 0;
    int64_t sign = skip(text, STR("-")) ? -1 : 1;
    if (sign > 0)
        must_skip(text, '+');
    int64_t seconds = take_number(text, 2) * 3600;
    must_skip(text, ':');
    seconds += take_number(text, 2) * 60;
    if (skip(text, STR(":")))
        seconds += take_number(text, 2);
    return sign * seconds * 1000000;
}

static void check_timestamp(const struct reader *reader, struct str field, int64_t want)
{
    const struct writer_options *options = &reader->table->options;
    struct str rest = field;
    int64_t us = take_date(reader, &rest);
    must_skip(&rest, options->locale || options->has_bare_times ? ' ' : 'T');
    bool is_local = options->locale && options->has_bare_times;
    us += take_time(&rest, is_local ? options->locale->decimal : '.');
    if (options->has_bare_times)
        want = zone_local_us(options->zone, want);
    else
        us -= take_offset(&rest);
    fuzz_require(us == want && !rest.len, "a time is what it was", field);
}

static void check_date(const struct reader *reader, struct str field, int64_t want)
{
    struct str rest = field;
    fuzz_require(take_date(reader, &rest) == want && !rest.len, "a date is what it was", field);
}

/* ---- The file ---- */

static void check_field(const struct reader *reader, size_t column, struct str field,
                        const struct cell *cell)
{
    const struct fuzz_table *table = reader->table;
    if (cell->kind == CELL_NULL) {
        check_null(reader, field);
        return;
    }
    if (cell->kind == CELL_TEXT) {
        check_text(reader, field, fuzz_table_text(table, cell));
        return;
    }
    check_bare(reader, field);
    if (cell->kind == CELL_BOOLEAN) {
        fuzz_require_equal(field, cell->as.integer ? STR("true") : STR("false"), "a boolean");
    } else if (cell->kind == CELL_DATE) {
        check_date(reader, field, cell->as.integer);
    } else if (cell->kind == CELL_TIMESTAMP) {
        check_timestamp(reader, field, cell->as.integer);
    } else if (cell->kind == CELL_INTEGER || cell->kind == CELL_DOUBLE ||
               cell->kind == CELL_DECIMAL) {
        check_number(reader, table->columns[column].type, field, cell);
    } else {
        fuzz_require_equal(field, fuzz_table_text(table, cell), "a print is what it was");
    }
}

static void check_file(struct reader *reader)
{
    const struct fuzz_table *table = reader->table;
    if (table->options.has_bom)
        fuzz_require(skip(&reader->rest, STR("\xEF\xBB\xBF")), "a byte order mark", reader->rest);
    for (size_t i = 0; i < table->column_count; i++) {
        struct str field = read_field(reader, i + 1 == table->column_count);
        check_text(reader, field, fuzz_table_head(table, i));
    }
    for (size_t row = 0; row < table->batch.row_count; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            struct str field = read_field(reader, i + 1 == table->column_count);
            check_field(reader, i, field, fuzz_table_cell(table, row, i));
        }
    }
    fuzz_require(!reader->rest.len, "the file ends with its last row", reader->rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct fuzz_table table;
    struct fuzz_file file;
    fuzz_table_read(&table, &input);
    fuzz_table_options(&table, &input);
    fuzz_file_init(&file);
    fuzz_table_export(&table, &format_csv, &file);
    struct reader reader = {.table = &table, .rest = buf_str(&file.bytes)};
    buf_init(&reader.field, TABLE_MAX_FILE);
    check_file(&reader);
    buf_done(&reader.field);
    fuzz_file_done(&file);
    fuzz_table_done(&table);
    return 0;
}
