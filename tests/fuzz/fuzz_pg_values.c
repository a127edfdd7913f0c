/* SPDX-License-Identifier: Apache-2.0
 *
 * Any text as a value of PostgreSQL's of any type, for a column of any type: the cell keeps the
 * promises of export/cell.h, and what is no text any more prints as what it was. The input: the
 * type in the database, the type in the file, the text.
 */
#include "base/calendar.h"
#include "base/number.h"
#include "base/utf8.h"
#include "export/array.h"
#include "export/decimal.h"
#include "export/json_check.h"
#include "export/source_pg.h"
#include "tests/fuzz/fuzz_input.h"

#include <math.h>

/* Neither NUL nor bytes outside ASCII come in what the server prints of such types. */
static bool is_mended(enum cell_kind kind, enum column_type type)
{
    return kind == CELL_TEXT || kind == CELL_JSON || kind == CELL_ARRAY ||
           (kind == CELL_LITERAL && (type == COLUMN_ANY || type == COLUMN_OTHER));
}

static void check_text(const struct batch *batch, const struct cell *cell, enum column_type type,
                       struct str text)
{
    fuzz_require(cell->as.offset + cell->len == batch->text.len, "a cell is its text", text);
    struct str have = batch_text(batch, cell);
    if (utf8_valid_prefix(text.ptr, text.len) == text.len)
        fuzz_require_equal(have, text, "a text is what it was");
    else if (is_mended(cell->kind, type))
        fuzz_require(utf8_valid_prefix(have.ptr, have.len) == have.len, "a text is UTF-8", have);
    struct decimal decimal;
    if (cell->kind == CELL_JSON && type != COLUMN_JSON)
        fuzz_require(json_is_valid(have), "JSON is valid", have);
    if (cell->kind == CELL_DECIMAL && type != COLUMN_DECIMAL)
        fuzz_require(decimal_parse(have, &decimal) || decimal_is_not_finite(have), "digits", have);
}

static void check_integer(int64_t have, struct str text)
{
    char *end = NULL;
    long long want = strtoll(text.ptr, &end, 10);
    fuzz_require(have == want && end == text.ptr + text.len, "an integer is what it was", text);
    char print[NUMBER_TEXT_SIZE];
    int64_t again = 0;
    struct str printed = {print, number_format_int64(have, print)};
    fuzz_require(str_to_int64(printed, &again) && again == have, "an integer prints", printed);
}

static void check_double(double have, struct str text)
{
    if (!isfinite(have)) {
        fuzz_require(str_contains_nocase(text, STR("inf")) || str_equal(text, STR("NaN")),
                     "only what says so is not finite", text);
        return;
    }
    double want = strtod(text.ptr, NULL);
    fuzz_require(fuzz_is_same(have, want), "a double is what it was", text);
}

static void check_time(const struct cell *cell, struct str text)
{
    int64_t us = cell->as.integer;
    int64_t again = 0;
    char print[CALENDAR_TEXT_SIZE];
    fuzz_require(cell_time_is_legal(us), "a time is in the years 1 to 9999", text);
    struct str date = {print, calendar_format_date(us, print)};
    fuzz_require(calendar_parse_date(date, &again) && again <= us && us - again < CALENDAR_DAY_US,
                 "a date prints as its day", date);
    if (cell->kind == CELL_DATE) {
        fuzz_require(again == us, "a date is a whole day", text);
        return;
    }
    struct str time = {print, calendar_format_timestamp(us, print)};
    fuzz_require(calendar_parse_timestamp(time, &again) && again == us, "a time prints", time);
}

static void check_cell(const struct batch *batch, const struct cell *cell, enum column_type type,
                       struct str text)
{
    switch (cell->kind) {
    case CELL_NULL:
        fuzz_require(false, "a value is not null", text);
        break;
    case CELL_INTEGER:
        check_integer(cell->as.integer, text);
        break;
    case CELL_DOUBLE:
        check_double(cell->as.number, text);
        break;
    case CELL_BOOLEAN:
        fuzz_require(cell->as.integer == 0 || cell->as.integer == 1, "a boolean", text);
        break;
    case CELL_DATE:
    case CELL_TIMESTAMP:
        check_time(cell, text);
        break;
    case CELL_TEXT:
    case CELL_DECIMAL:
    case CELL_JSON:
    case CELL_BYTES:
    case CELL_ARRAY:
    case CELL_LITERAL:
        check_text(batch, cell, type, text);
        break;
    }
}

/* Each token is a part of the text, in its order, and the braces match. */
static void check_array(struct str text, char delimiter)
{
    struct array_reader reader = array_read(text, delimiter);
    struct array_element element;
    const char *at = text.ptr;
    unsigned depth = 0;
    enum array_token token;
    while ((token = array_next(&reader, &element)) != ARRAY_END && token != ARRAY_WRONG) {
        depth += token == ARRAY_OPEN;
        depth -= token == ARRAY_CLOSE;
        fuzz_require(depth <= ARRAY_MAX_DIMENSIONS, "an array is not too deep", text);
        if (token != ARRAY_ELEMENT)
            continue;
        const char *end = element.text.ptr + element.text.len;
        fuzz_require(element.text.ptr >= at && end <= text.ptr + text.len, "elements", text);
        size_t pieces = 0;
        for (struct str piece; array_next_piece(&element.text, &piece);)
            pieces += piece.len;
        fuzz_require(pieces <= (size_t)(end - at), "an element does not grow", text);
        at = end;
    }
    fuzz_require((token == ARRAY_END) == array_is_whole(text, delimiter), "it is whole", text);
    fuzz_require(token == ARRAY_WRONG || depth == 0, "what is open is closed", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    enum column_type found = (enum column_type)fuzz_choice(&input, COLUMN_TYPE_COUNT);
    enum column_type type = (enum column_type)fuzz_choice(&input, COLUMN_TYPE_COUNT);
    struct str rest = fuzz_rest(&input);
    rest.len = str_find(rest, '\0');
    char *copy = strndup(rest.ptr, rest.len); /* NUL-terminated, as libpq's */
    struct str text = {copy, rest.len};
    struct batch batch;
    batch_init(&batch, 1);
    struct cell *cell = batch_add_row(&batch);
    *cell = (struct cell){0};
    if (!pg_converter_for(found, type).convert(text, &batch, cell))
        check_cell(&batch, cell, found == type ? type : COLUMN_TYPE_COUNT, text);
    check_array(text, ',');
    check_array(text, ';');
    batch_done(&batch);
    free(copy);
    return 0;
}
