/* SPDX-License-Identifier: Apache-2.0
 *
 * From a value's text to a cell. The text is PostgreSQL's own, under the settings of the export's
 * transaction: times in ISO and UTC, doubles in their shortest form. What a type of ours cannot
 * hold, such as a date BC, stays the text it is; an infinite date is as infinite as a number.
 *
 * A type that the type file notes is a promise, and a value that breaks it fails the job rather
 * than the reader of the file.
 */
#include "export/source_pg.h"

#include "base/calendar.h"
#include "base/number.h"
#include "base/utf8.h"
#include "export/decimal.h"
#include "export/json_check.h"

#include <math.h>

static const char too_large[] = "is too large for one export";

static void set_integer(struct cell *cell, enum cell_kind kind, int64_t integer)
{
    cell->kind = kind;
    cell->as.integer = integer;
}

static void set_double(struct cell *cell, double number)
{
    cell->kind = CELL_DOUBLE;
    cell->as.number = number;
}

/* Text in which nothing needs mending: digits and the like. */
static const char *set_plain(struct str text, struct batch *batch, struct cell *cell,
                             enum cell_kind kind)
{
    size_t offset = batch->text.len;
    buf_add(&batch->text, text.ptr, text.len);
    if (!buf_is_ok(&batch->text))
        return too_large;
    *cell = (struct cell){.kind = kind, .len = (uint32_t)text.len};
    cell->as.offset = offset;
    return NULL;
}

/* Any text. The server sends UTF-8 without NUL; should a damaged row not be, it is mended. */
static const char *set_text(struct str text, struct batch *batch, struct cell *cell,
                            enum cell_kind kind)
{
    if (utf8_valid_prefix(text.ptr, text.len) == text.len)
        return set_plain(text, batch, cell, kind);
    return batch_set_text(batch, cell, kind, text) ? NULL : too_large;
}

/* ---- Values of the column's own type ---- */

static const char *convert_text(struct str text, struct batch *batch, struct cell *cell)
{
    return set_text(text, batch, cell, CELL_TEXT);
}

static const char *convert_literal(struct str text, struct batch *batch, struct cell *cell)
{
    return set_text(text, batch, cell, CELL_LITERAL);
}

static const char *convert_bigint(struct str text, struct batch *batch, struct cell *cell)
{
    (void)batch;
    int64_t integer = 0;
    if (!str_to_int64(text, &integer))
        return "is not a whole number of 64 bits";
    set_integer(cell, CELL_INTEGER, integer);
    return NULL;
}

static bool read_infinity(struct str text, double *out)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    struct str word = {text.ptr + is_negative, text.len - is_negative};
    if (!str_equal(word, STR("Infinity")) && !str_equal(word, STR("infinity")))
        return false;
    *out = is_negative ? -INFINITY : INFINITY;
    return true;
}

static const char *convert_number(struct str text, struct batch *batch, struct cell *cell)
{
    (void)batch;
    double number = NAN;
    if (!number_parse_double(text, &number) && !read_infinity(text, &number) &&
        !str_equal(text, STR("NaN")))
        return "is not a number";
    set_double(cell, number);
    return NULL;
}

static const char *convert_decimal(struct str text, struct batch *batch, struct cell *cell)
{
    return set_plain(text, batch, cell, CELL_DECIMAL);
}

static const char *convert_boolean(struct str text, struct batch *batch, struct cell *cell)
{
    (void)batch;
    set_integer(cell, CELL_BOOLEAN, text.ptr[0] == 't');
    return NULL;
}

/* A time that is none of ours. */
static const char *set_odd_time(struct str text, struct batch *batch, struct cell *cell)
{
    double number = 0;
    if (!read_infinity(text, &number))
        return set_plain(text, batch, cell, CELL_LITERAL);
    set_double(cell, number);
    return NULL;
}

static const char *convert_date(struct str text, struct batch *batch, struct cell *cell)
{
    int64_t us = 0;
    if (!calendar_parse_date(text, &us))
        return set_odd_time(text, batch, cell);
    set_integer(cell, CELL_DATE, us);
    return NULL;
}

static const char *convert_timestamp(struct str text, struct batch *batch, struct cell *cell)
{
    int64_t us = 0;
    if (!calendar_parse_timestamp(text, &us) || !cell_time_is_legal(us))
        return set_odd_time(text, batch, cell);
    set_integer(cell, CELL_TIMESTAMP, us);
    return NULL;
}

static const char *convert_json(struct str text, struct batch *batch, struct cell *cell)
{
    return set_text(text, batch, cell, CELL_JSON);
}

static const char *convert_bytes(struct str text, struct batch *batch, struct cell *cell)
{
    return set_plain(text, batch, cell, CELL_BYTES);
}

static const char *convert_array(struct str text, struct batch *batch, struct cell *cell)
{
    return set_text(text, batch, cell, CELL_ARRAY);
}

/* ---- Values that the type file promises to be of another type ---- */

static const char *note_integer(struct str text, struct batch *batch, struct cell *cell)
{
    const char *problem = convert_bigint(text, batch, cell);
    if (problem)
        return problem;
    bool is_small = cell->as.integer >= INT32_MIN && cell->as.integer <= INT32_MAX;
    return is_small ? NULL : "does not fit an integer of 32 bits; note the column as bigint";
}

static const char *note_decimal(struct str text, struct batch *batch, struct cell *cell)
{
    struct decimal decimal;
    if (!decimal_parse(text, &decimal) && !decimal_is_not_finite(text))
        return "is not a decimal number";
    return set_plain(text, batch, cell, CELL_DECIMAL);
}

static const char *note_boolean(struct str text, struct batch *batch, struct cell *cell)
{
    (void)batch;
    bool is_true =
        str_equal(text, STR("t")) || str_equal(text, STR("true")) || str_equal(text, STR("1"));
    bool is_false =
        str_equal(text, STR("f")) || str_equal(text, STR("false")) || str_equal(text, STR("0"));
    if (!is_true && !is_false)
        return "is not a boolean, true or false";
    set_integer(cell, CELL_BOOLEAN, is_true);
    return NULL;
}

static const char *note_timestamp(struct str text, struct batch *batch, struct cell *cell)
{
    (void)batch;
    int64_t us = 0;
    bool is_time = calendar_parse_timestamp(text, &us) || calendar_parse_date(text, &us);
    if (!is_time || !cell_time_is_legal(us))
        return "is not a timestamp";
    set_integer(cell, CELL_TIMESTAMP, us);
    return NULL;
}

static const char *note_date(struct str text, struct batch *batch, struct cell *cell)
{
    if (note_timestamp(text, batch, cell))
        return "is not a date";
    if (cell->as.integer % CALENDAR_DAY_US)
        return "is not a date: it has a time of day; note the column as timestamp";
    cell->kind = CELL_DATE;
    return NULL;
}

static const char *note_time(struct str text, struct batch *batch, struct cell *cell)
{
    int64_t us = 0;
    return calendar_parse_time(text, &us) ? set_plain(text, batch, cell, CELL_LITERAL)
                                          : "is not a time of day";
}

static const char *note_json(struct str text, struct batch *batch, struct cell *cell)
{
    return json_is_valid(text) ? set_text(text, batch, cell, CELL_JSON) : "is not JSON";
}

struct pg_converter pg_converter_for(enum column_type found, enum column_type type)
{
    static const struct {
        struct pg_converter own;
        struct pg_converter noted;
    } converters[COLUMN_TYPE_COUNT] = {
        [COLUMN_ANY] = {{convert_literal}, {convert_literal}},
        [COLUMN_TEXT] = {{convert_text}, {convert_text}},
        [COLUMN_INTEGER] = {{convert_bigint}, {note_integer}},
        [COLUMN_BIGINT] = {{convert_bigint}, {convert_bigint}},
        [COLUMN_NUMBER] = {{convert_number}, {convert_number}},
        [COLUMN_DECIMAL] = {{convert_decimal}, {note_decimal}},
        [COLUMN_BOOLEAN] = {{convert_boolean}, {note_boolean}},
        [COLUMN_DATE] = {{convert_date}, {note_date}},
        [COLUMN_TIMESTAMP] = {{convert_timestamp}, {note_timestamp}},
        [COLUMN_JSON] = {{convert_json}, {note_json}},
        [COLUMN_BYTES] = {{convert_bytes}, {convert_bytes}},
        [COLUMN_TIME] = {{convert_literal}, {note_time}},
        [COLUMN_ARRAY] = {{convert_array}, {convert_array}},
        [COLUMN_OTHER] = {{convert_literal}, {convert_literal}},
    };
    return found == type ? converters[type].own : converters[type].noted;
}
