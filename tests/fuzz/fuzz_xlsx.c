/* SPDX-License-Identifier: Apache-2.0
 *
 * Any table as the rows of a sheet, read back by expat: well-formed, each cell at its place, and of
 * each value the kind and the value. One input in some hundred makes a whole package of it, which
 * takes a thousand times as long.
 */
#include "tests/fuzz/fuzz_table.h"

#include "base/calendar.h"
#include "base/number.h"
#include "export/decimal.h"
#include "export/package.h"
#include "export/sheet.h"
#include "export/sheet_text.h"
#include "tests/fuzz/fuzz_xml.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PACKAGE_SELDOM = 251 };

/* ---- Cells ---- */

static void check_text(const struct fuzz_xml_cell *cell, struct str want)
{
    fuzz_require_equal(str_of(cell->type), STR("inlineStr"), "a text is no number and no formula");
    fuzz_require_equal(buf_str(&cell->text), want, "a text is what it was");
}

static bool is_text(const struct fuzz_xml_cell *cell)
{
    return strcmp(cell->type, "inlineStr") == 0;
}

static double number_of(const struct fuzz_xml_cell *cell)
{
    fuzz_require_equal(str_of(cell->type), STR(""), "a number is no text");
    struct str text = buf_str(&cell->text);
    fuzz_require(text.len > 0, "a number is there", text);
    char *end = NULL;
    double number = strtod(text.ptr, &end);
    fuzz_require(end == text.ptr + text.len && isfinite(number), "a number is one", text);
    return number;
}

/* The days and the fraction of the day, exactly: a double does not hold twelve digits of both. */
static int64_t serial_us(const struct fuzz_xml_cell *cell)
{
    enum { DAYS_1899_1970 = 25569, FRACTION_DIGITS = 12 };
    struct str days = buf_str(&cell->text);
    struct str fraction = {0};
    size_t point = str_find(days, '.');
    if (point < days.len)
        fraction = (struct str){days.ptr + point + 1, days.len - point - 1};
    days.len = point;
    int64_t day = 0;
    fuzz_require(str_to_int64(days, &day) && day >= 0, "a day is a whole number", days);
    uint64_t digits = 0;
    for (size_t i = 0; i < FRACTION_DIGITS; i++)
        digits = digits * 10 + (i < fraction.len ? (unsigned)(fraction.ptr[i] - '0') : 0);
    int64_t us = (int64_t)((digits * 54 + 312) / 625); /* 86400·10^6 / 10^12, rounded */
    return (day - DAYS_1899_1970) * CALENDAR_DAY_US + us;
}

static void check_serial(const struct fuzz_xml_cell *cell, int64_t want_us)
{
    (void)number_of(cell);
    fuzz_require(serial_us(cell) == want_us, "a time is what it was", buf_str(&cell->text));
}

/* A number of more than 15 digits would be another when the sheet is stored again. */
static void check_kept(const struct fuzz_xml_cell *cell)
{
    enum { DIGITS = 15 };
    char print[NUMBER_TEXT_SIZE];
    double number = number_of(cell);
    (void)snprintf(print, sizeof print, "%.*e", DIGITS - 1, number);
    fuzz_require(strtod(print, NULL) == number, "a spreadsheet keeps it", buf_str(&cell->text));
}

static void check_integer(const struct fuzz_xml_cell *cell, int64_t want)
{
    int64_t have = 0;
    struct str text = buf_str(&cell->text);
    fuzz_require(str_to_int64(text, &have) && have == want, "an integer is what it was", text);
    if (!is_text(cell))
        check_kept(cell);
}

static void check_decimal(const struct fuzz_xml_cell *cell, struct str want)
{
    struct decimal decimal;
    if (is_text(cell)) {
        check_text(cell, want);
        return;
    }
    fuzz_require(decimal_parse(want, &decimal), "a number was one", want);
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIZE_MAX);
    buf_add_str(&text, want);
    fuzz_require(number_of(cell) == strtod(text.ptr, NULL), "a decimal is what it was", want);
    check_kept(cell);
}

static void check_literal(const struct fuzz_xml_cell *cell, struct str want)
{
    int64_t us = 0;
    if (is_text(cell)) {
        check_text(cell, want);
        return;
    }
    fuzz_require(calendar_parse_time(want, &us), "only a time of day is a number", want);
    check_serial(cell, us + INT64_C(-25569) * CALENDAR_DAY_US);
}

static void check_timestamp(const struct fuzz_table *table, const struct fuzz_xml_cell *cell,
                            int64_t want)
{
    int64_t us = 0;
    struct str text = buf_str(&cell->text);
    if (is_text(cell))
        fuzz_require(calendar_parse_timestamp(text, &us) && us == want, "a time as text", text);
    else
        check_serial(cell, zone_local_us(table->options.zone, want));
}

static void check_date(const struct fuzz_xml_cell *cell, int64_t want)
{
    int64_t us = 0;
    struct str text = buf_str(&cell->text);
    if (is_text(cell))
        fuzz_require(calendar_parse_date(text, &us) && us == want, "a date as text", text);
    else
        check_serial(cell, want);
}

static void check_cell(const struct fuzz_table *table, const struct cell *want,
                       const struct fuzz_xml_cell *cell)
{
    switch (want->kind) {
    case CELL_NULL:
        fuzz_require(false, "null is no cell", str_of(cell->reference));
        break;
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
        check_text(cell, fuzz_table_text(table, want));
        break;
    case CELL_LITERAL:
        check_literal(cell, fuzz_table_text(table, want));
        break;
    case CELL_INTEGER:
        check_integer(cell, want->as.integer);
        break;
    case CELL_DOUBLE:
        fuzz_require(number_of(cell) == want->as.number, "a double", buf_str(&cell->text));
        break;
    case CELL_DECIMAL:
        check_decimal(cell, fuzz_table_text(table, want));
        break;
    case CELL_BOOLEAN:
        fuzz_require_equal(str_of(cell->type), STR("b"), "a boolean is one");
        fuzz_require_equal(buf_str(&cell->text), want->as.integer ? STR("1") : STR("0"), "which");
        break;
    case CELL_DATE:
        check_date(cell, want->as.integer);
        break;
    case CELL_TIMESTAMP:
        check_timestamp(table, cell, want->as.integer);
        break;
    }
}

static bool has_cell(const struct fuzz_table *table, const struct cell *cell)
{
    if (cell->kind == CELL_DOUBLE)
        return isfinite(cell->as.number);
    if (cell->kind == CELL_DECIMAL)
        return !decimal_is_not_finite(fuzz_table_text(table, cell));
    return cell->kind != CELL_NULL;
}

/* ---- The sheet ---- */

/* The header as it is, but for the zone behind it. */
static void check_header(const struct fuzz_table *table, const struct fuzz_xml_cell *cell,
                         size_t column)
{
    struct str have = buf_str(&cell->text);
    struct str head = fuzz_table_head(table, column);
    if (table->columns[column].type == COLUMN_TIMESTAMP)
        have.len = have.len < head.len ? have.len : head.len;
    if (sheet_text_units(head) <= SHEET_TEXT_MAX)
        fuzz_require_equal(have, head, "a header is its column");
}

static void check_sheet(const struct fuzz_table *table, size_t rows, struct str text)
{
    struct fuzz_xml xml;
    fuzz_xml_read(&xml, text);
    fuzz_require(xml.row_count == rows + 1, "a row for each", text);
    size_t seen = 0;
    for (size_t row = 0; row <= rows; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            const struct cell *want = row ? fuzz_table_cell(table, row - 1, i) : NULL;
            if (want && !has_cell(table, want))
                continue;
            char reference[XML_SHORT];
            (void)snprintf(reference, sizeof reference, "%c%zu", (char)('A' + i), row + 1);
            fuzz_require(seen < xml.count, "a cell for each value", text);
            const struct fuzz_xml_cell *cell = &xml.cells[seen++];
            fuzz_require_equal(str_of(cell->reference), str_of(reference), "a cell is in place");
            if (want)
                check_cell(table, want, cell);
            else
                check_header(table, cell, i);
        }
    }
    fuzz_require(seen == xml.count, "no cell too many", text);
    fuzz_xml_done(&xml);
}

static bool has_long_text(const struct fuzz_table *table, size_t row)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct cell *cell = fuzz_table_cell(table, row, i);
        bool has_text = cell->kind != CELL_NULL && cell->kind != CELL_INTEGER &&
                        cell->kind != CELL_DOUBLE && cell->kind != CELL_BOOLEAN &&
                        cell->kind != CELL_DATE && cell->kind != CELL_TIMESTAMP;
        if (has_text && sheet_text_units(fuzz_table_text(table, cell)) > SHEET_TEXT_MAX)
            return true;
    }
    return false;
}

/* Gives the rows that a sheet takes: those before a text that is too long. */
static size_t make_sheet(const struct fuzz_table *table, struct fuzz_file *file)
{
    struct output output;
    struct fidelity fidelity = {0};
    struct sheet sheet;
    struct err err = {0};
    size_t row = 0;
    output_init(&output, &file->sink);
    sheet_init(&sheet, &output, &fidelity, &table->options);
    sheet_set_columns(&sheet, table->pointers, table->column_count);
    output_add(&output, STR("<sheetData>"));
    sheet_begin(&sheet);
    for (; row < table->batch.row_count; row++) {
        bool is_taken = sheet_row(&sheet, &table->batch, fuzz_table_cell(table, row, 0), &err);
        if (is_taken)
            continue;
        fuzz_require(has_long_text(table, row), "only a long text is refused", str_of(err.text));
        break;
    }
    output_add(&output, STR("</sheetData>"));
    output_flush(&output);
    sheet_done(&sheet);
    output_done(&output);
    return row;
}

/* ---- The package ---- */

static void check_package(const struct fuzz_table *table, struct str bytes)
{
    struct arena arena = {0};
    struct workbook_part *parts = NULL;
    size_t count = 0;
    int file = memfd_create("package", MFD_CLOEXEC);
    fuzz_require(write(file, bytes.ptr, bytes.len) == (ssize_t)bytes.len, "memory", STR(""));
    struct str path = arena_printf(&arena, "/proc/self/fd/%d", file);
    fuzz_require(package_read(path.ptr, &arena, &parts, &count), "a package is whole", STR(""));
    bool has_sheet = false;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(parts[i].name, STR("xl/worksheets/sheet1.xml")))
            continue;
        check_sheet(table, table->batch.row_count, parts[i].bytes);
        has_sheet = true;
    }
    fuzz_require(has_sheet, "a package has its sheet", STR(""));
    (void)close(file);
    arena_done(&arena);
}

static void check_writer(const struct fuzz_table *table)
{
    struct fuzz_file file;
    fuzz_file_init(&file);
    fuzz_table_export(table, &format_xlsx, &file);
    check_package(table, buf_str(&file.bytes));
    fuzz_file_done(&file);
}

static bool is_chosen(const uint8_t *bytes, size_t len)
{
    unsigned sum = 1;
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + bytes[i];
    return sum % PACKAGE_SELDOM == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct fuzz_table table;
    struct fuzz_file file;
    fuzz_table_read(&table, &input);
    fuzz_table_options(&table, &input);
    fuzz_file_init(&file);
    size_t rows = make_sheet(&table, &file);
    if (rows == table.batch.row_count) {
        check_sheet(&table, rows, buf_str(&file.bytes));
        if (is_chosen(bytes, len))
            check_writer(&table);
    }
    fuzz_file_done(&file);
    fuzz_table_done(&table);
    return 0;
}
