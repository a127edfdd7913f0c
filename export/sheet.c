/* SPDX-License-Identifier: Apache-2.0
 *
 * See sheet.h. A cell is its reference, its style, its value: the first is copied from where it was
 * made once, the letters per column, the digits per row, in copies of fixed size; numbers and times
 * are written where they stay.
 */
#include "export/sheet.h"

#include "base/calendar.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "export/decimal.h"
#include "export/locale.h"
#include "export/sheet_number.h"
#include "export/sheet_text.h"
#include "export/zone.h"

#include <assert.h>
#include <math.h>

enum { CELL_SIZE = 96, AROUND_NUMBER = 35, MAX_LETTERS = 3, SHOWN_NAME = 60 };
_Static_assert((int)CELL_SIZE >= (int)NUMBER_TEXT_SIZE + (int)AROUND_NUMBER, "a number fits");
_Static_assert((int)CELL_SIZE >= (int)SHEET_SERIAL_SIZE + (int)AROUND_NUMBER, "a time fits");
_Static_assert((int)CELL_SIZE <= (int)OUTPUT_MAX_RESERVE, "a cell fits");

#define CELL_BEGIN "<c r=\""

static char *put(char *at, struct str text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

/* ---- Set-up ---- */

static void set_head(struct sheet_column *column, size_t index)
{
    char reversed[MAX_LETTERS];
    size_t len = 0;
    for (index++; index > 0; index = (index - 1) / 26)
        reversed[len++] = (char)('A' + (index - 1) % 26);
    char *at = put(column->head, STR(CELL_BEGIN));
    while (len > 0)
        *at++ = reversed[--len];
    column->head_len = (uint8_t)(at - column->head);
}

/* Day, month and year as a number format writes them. */
static const char *date_format(const struct locale *locale)
{
    static const char *const orders[] = {[DATE_YMD] = "yyyy-mm-dd",
                                         [DATE_DMY] = "dd-mm-yyyy",
                                         [DATE_MDY] = "mm-dd-yyyy",
                                         [DATE_YDM] = "yyyy-dd-mm"};
    return orders[locale ? locale->order : DATE_YMD];
}

static void set_formats(struct sheet *sheet, const struct writer_options *options)
{
    static const char *const times[STYLE_COUNT] = {
        [STYLE_DATE] = "",
        [STYLE_TIMESTAMP] = " hh:mm:ss",
        [STYLE_TIMESTAMP_MS] = " hh:mm:ss.000",
    };
    const char *date = date_format(options->locale);
    for (int style = STYLE_DATE; style <= STYLE_TIMESTAMP_MS; style++) {
        char *format = sheet->formats[style];
        (void)snprintf(format, WORKBOOK_FORMAT_SIZE, "%s%s", date, times[style]);
        for (char *c = format; options->locale && *c; c++)
            if (*c == '-')
                *c = options->locale->date_separator;
    }
    (void)snprintf(sheet->formats[STYLE_TIME], WORKBOOK_FORMAT_SIZE, "hh:mm:ss");
    (void)snprintf(sheet->formats[STYLE_TIME_MS], WORKBOOK_FORMAT_SIZE, "hh:mm:ss.000");
    (void)snprintf(sheet->formats[STYLE_INTEGER], WORKBOOK_FORMAT_SIZE, "0");
    sheet->number_style = options->places == WRITER_ALL_PLACES ? STYLE_PLAIN : STYLE_INTEGER;
    if (options->places <= 0)
        return;
    sheet->number_style = STYLE_NUMBER;
    (void)snprintf(sheet->formats[STYLE_NUMBER], WORKBOOK_FORMAT_SIZE, "0.%0*d", options->places,
                   0);
}

void sheet_init(struct sheet *sheet, struct output *output, struct fidelity *fidelity,
                const struct writer_options *options)
{
    *sheet = (struct sheet){.output = output,
                            .fidelity = fidelity,
                            .zone = options->zone,
                            .has_titles = options->has_titles,
                            .is_measuring = true};
    set_formats(sheet, options);
}

void sheet_set_columns(struct sheet *sheet, const struct column *const *columns, size_t count)
{
    assert(count <= SHEET_MAX_COLUMNS);
    sheet->source_columns = columns;
    sheet->column_count = count;
    sheet->columns = mem_new_array(count, sizeof *sheet->columns);
    for (size_t i = 0; i < count; i++) {
        sheet->columns[i].type = columns[i]->type;
        set_head(&sheet->columns[i], i);
    }
}

void sheet_done(struct sheet *sheet)
{
    free(sheet->columns);
    sheet->columns = NULL;
}

void sheet_reference(const struct sheet_column *column, int64_t row, char out[SHEET_REFERENCE_SIZE])
{
    enum { BEGIN_LEN = sizeof CELL_BEGIN - 1 };
    struct str letters = {column->head + BEGIN_LEN, (size_t)column->head_len - BEGIN_LEN};
    (void)snprintf(out, SHEET_REFERENCE_SIZE, "%.*s%lld", STR_ARG(letters), (long long)row);
}

/* ---- Cells ---- */

/* `<c r="A1` in room for all but the text of a cell. */
static char *begin_cell(const struct sheet *sheet, const struct sheet_column *column)
{
    char *at = output_reserve(sheet->output, CELL_SIZE);
    memcpy(at, column->head, sizeof column->head);
    at += column->head_len;
    memcpy(at, sheet->digits, sizeof sheet->digits);
    return at + sheet->digit_count;
}

/* A numeric cell up to its value; there is room for a number or a time. */
static char *begin_number(const struct sheet *sheet, const struct sheet_column *column,
                          enum workbook_style style)
{
    char *at = begin_cell(sheet, column);
    if (style == STYLE_PLAIN) /* which is what a cell has that tells of none */
        return put(at, STR("\"><v>"));
    _Static_assert(STYLE_COUNT <= 10, "one digit");
    char *end = put(at, STR("\" s=\"0\"><v>"));
    at[sizeof "\" s=\"" - 1] = (char)('0' + style);
    return end;
}

static void commit_to(struct sheet *sheet, const char *at)
{
    output_commit(sheet->output, (size_t)(at - (sheet->output->block + sheet->output->len)));
}

static void note_width(struct sheet *sheet, struct sheet_column *column, size_t width)
{
    if (sheet->is_measuring && width > column->width)
        column->width = width < WORKBOOK_MAX_WIDTH ? (unsigned)width : WORKBOOK_MAX_WIDTH;
}

/* Ends a cell whose value was written where begin_number said. */
static void end_number(struct sheet *sheet, struct sheet_column *column, char *value, size_t len)
{
    commit_to(sheet, put(value + len, STR("</v></c>")));
    note_width(sheet, column, len);
}

static bool put_text(struct sheet *sheet, struct sheet_column *column, struct str text,
                     bool is_header)
{
    if (text.len > SHEET_TEXT_MAX && sheet_text_units(text) > SHEET_TEXT_MAX)
        return false;
    struct output *output = sheet->output;
    char *at = begin_cell(sheet, column);
    at = put(at, is_header ? STR("\" s=\"1\" t=\"inlineStr\"><is><t")
                           : STR("\" t=\"inlineStr\"><is><t"));
    at = put(at, sheet_text_has_outer_space(text) ? STR(" xml:space=\"preserve\">") : STR(">"));
    commit_to(sheet, at);
    sheet_text_put(output, text);
    output_add(output, STR("</t></is></c>"));
    if (sheet->is_measuring)
        note_width(sheet, column, sheet_text_width(text));
    return true;
}

static bool keep_as_text(struct sheet *sheet, struct sheet_column *column, struct str text)
{
    sheet->fidelity->kept_as_text++;
    return put_text(sheet, column, text, false);
}

static bool put_integer(struct sheet *sheet, struct sheet_column *column, int64_t value)
{
    char text[NUMBER_TEXT_SIZE];
    if (!sheet_keeps_integer(value))
        return keep_as_text(sheet, column, (struct str){text, number_format_int64(value, text)});
    char *at = begin_number(sheet, column, STYLE_INTEGER);
    end_number(sheet, column, at, number_format_int64(value, at));
    return true;
}

static void put_double(struct sheet *sheet, struct sheet_column *column, double value)
{
    if (!isfinite(value)) {
        sheet->fidelity->non_finite++;
        return;
    }
    char *at = begin_number(sheet, column, sheet->number_style);
    end_number(sheet, column, at, number_format_double(value == 0 ? 0 : value, at)); /* -0 is 0 */
}

/* Digits that may be hundreds, such as those of 1e-300; `value` has no zeros at its end. */
static void put_kept_decimal(struct sheet *sheet, struct sheet_column *column,
                             const struct decimal *value)
{
    struct str fraction = value->fraction;
    bool is_zero = !value->whole.len && !fraction.len;
    char *at = begin_number(sheet, column, sheet->number_style);
    if (value->is_negative && !is_zero)
        *at++ = '-';
    if (!value->whole.len)
        *at++ = '0';
    commit_to(sheet, at);
    struct output *output = sheet->output;
    output_add(output, value->whole);
    if (fraction.len)
        output_add_char(output, '.');
    output_add(output, fraction);
    output_add(output, is_zero ? STR("") : value->exponent);
    output_add(output, STR("</v></c>"));
    note_width(sheet, column, value->whole.len + fraction.len + value->exponent.len + 2);
}

static bool put_decimal(struct sheet *sheet, struct sheet_column *column, struct str text)
{
    struct decimal value;
    if (!decimal_parse(text, &value)) {
        if (!decimal_is_not_finite(text))
            return keep_as_text(sheet, column, text);
        sheet->fidelity->non_finite++;
        return true;
    }
    struct str *fraction = &value.fraction;
    while (fraction->len && fraction->ptr[fraction->len - 1] == '0')
        fraction->len--;
    if (!sheet_keeps_decimal(&value))
        return keep_as_text(sheet, column, text);
    put_kept_decimal(sheet, column, &value);
    return true;
}

static void put_serial(struct sheet *sheet, struct sheet_column *column, enum workbook_style style,
                       int64_t local_us)
{
    char *at = begin_number(sheet, column, style);
    end_number(sheet, column, at, sheet_format_serial(local_us, at));
    note_width(sheet, column, strlen(sheet->formats[style]));
}

static bool put_date(struct sheet *sheet, struct sheet_column *column, int64_t us)
{
    char text[CALENDAR_TEXT_SIZE];
    if (!sheet_keeps_time(us))
        return keep_as_text(sheet, column, (struct str){text, calendar_format_date(us, text)});
    put_serial(sheet, column, STYLE_DATE, us);
    return true;
}

static bool is_whole_second(int64_t us)
{
    return us % 1000000 == 0;
}

static bool put_timestamp(struct sheet *sheet, struct sheet_column *column, int64_t us)
{
    int64_t local_us = zone_local_us(sheet->zone, us);
    char text[CALENDAR_TEXT_SIZE];
    if (!sheet_keeps_time(local_us))
        return keep_as_text(sheet, column, (struct str){text, calendar_format_timestamp(us, text)});
    put_serial(sheet, column, is_whole_second(us) ? STYLE_TIMESTAMP : STYLE_TIMESTAMP_MS, local_us);
    return true;
}

/* The database's own print: a time of day, a date that no spreadsheet has, a range. */
static bool put_literal(struct sheet *sheet, struct sheet_column *column, struct str text)
{
    int64_t us = 0;
    if (column->type == COLUMN_TIME && calendar_parse_time(text, &us) && us < CALENDAR_DAY_US) {
        put_serial(sheet, column, is_whole_second(us) ? STYLE_TIME : STYLE_TIME_MS,
                   SHEET_DAY_ZERO_US + us);
        return true;
    }
    bool was_time = column->type == COLUMN_DATE || column->type == COLUMN_TIMESTAMP ||
                    column->type == COLUMN_TIME;
    return was_time ? keep_as_text(sheet, column, text) : put_text(sheet, column, text, false);
}

static bool put_cell(struct sheet *sheet, struct sheet_column *column, const struct batch *batch,
                     const struct cell *cell)
{
    switch (cell->kind) {
    case CELL_NULL:
        return true;
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
        return put_text(sheet, column, batch_text(batch, cell), false);
    case CELL_LITERAL:
        return put_literal(sheet, column, batch_text(batch, cell));
    case CELL_INTEGER:
        return put_integer(sheet, column, cell->as.integer);
    case CELL_DOUBLE:
        put_double(sheet, column, cell->as.number);
        return true;
    case CELL_DECIMAL:
        return put_decimal(sheet, column, batch_text(batch, cell));
    case CELL_BOOLEAN: {
        char *at = put(begin_cell(sheet, column), STR("\" t=\"b\"><v>"));
        *at++ = cell->as.integer ? '1' : '0';
        commit_to(sheet, put(at, STR("</v></c>")));
        return true;
    }
    case CELL_DATE:
        return put_date(sheet, column, cell->as.integer);
    case CELL_TIMESTAMP:
        return put_timestamp(sheet, column, cell->as.integer);
    }
    return true;
}

/* ---- Rows ---- */

static void begin_row(struct sheet *sheet)
{
    char text[NUMBER_TEXT_SIZE];
    sheet->digit_count = number_format_int64(++sheet->row, text);
    memcpy(sheet->digits, text, sheet->digit_count);
    char *at = put(output_reserve(sheet->output, CELL_SIZE), STR("<row r=\""));
    at = put(at, (struct str){sheet->digits, sheet->digit_count});
    commit_to(sheet, put(at, STR("\">")));
}

/* What the header says of a column; a view of `text`. */
static struct str header_text(const struct sheet *sheet, size_t index, struct buf *text)
{
    const struct column *column = sheet->source_columns[index];
    buf_clear(text);
    buf_add_str(text, sheet->has_titles ? column->title : column->name);
    if (column->type == COLUMN_TIMESTAMP) {
        struct str zone = sheet->zone ? zone_name(sheet->zone) : STR("UTC");
        buf_printf(text, " (%.*s)", STR_ARG(zone));
    }
    struct str all = buf_str(text);
    return sheet_text_units(all) > SHEET_TEXT_MAX ? utf8_cut(all, SHEET_TEXT_MAX) : all;
}

void sheet_begin(struct sheet *sheet)
{
    enum { ROOM_OF_FILTER = 3 };
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    for (size_t i = 0; i < sheet->column_count; i++) /* first: a wide header fills many blocks */
        note_width(sheet, &sheet->columns[i],
                   sheet_text_width(header_text(sheet, i, &text)) + ROOM_OF_FILTER);
    sheet->row = 0;
    begin_row(sheet);
    for (size_t i = 0; i < sheet->column_count; i++)
        (void)put_text(sheet, &sheet->columns[i], header_text(sheet, i, &text), true);
    output_add(sheet->output, STR("</row>"));
}

static bool refuse_text(const struct sheet *sheet, size_t index, struct err *err)
{
    return err_set(
        err, ERR_FORMAT_LIMIT,
        "row %lld, column %.*s: the text is longer than the %d characters that a cell of "
        "a spreadsheet holds; choose csv or json, or leave the column out",
        (long long)sheet->row_of_file,
        STR_ARG(utf8_cut(sheet->source_columns[index]->name, SHOWN_NAME)), SHEET_TEXT_MAX);
}

bool sheet_row(struct sheet *sheet, const struct batch *batch, const struct cell *cells,
               struct err *err)
{
    begin_row(sheet);
    sheet->row_of_file++;
    for (size_t i = 0; i < sheet->column_count; i++)
        if (!put_cell(sheet, &sheet->columns[i], batch, &cells[i]))
            return refuse_text(sheet, i, err);
    output_add(sheet->output, STR("</row>"));
    return true;
}
