/* SPDX-License-Identifier: Apache-2.0
 *
 * From a value of SQLite's to a cell. SQLite types values, not columns: without a note in the type
 * file a value stays what it is, storage class by storage class. A note is a promise, and a value
 * that breaks it fails the job rather than the reader of the file.
 */
#include "export/source_sqlite.h"

#include "base/calendar.h"
#include "base/number.h"
#include "export/decimal.h"
#include "export/json_check.h"

#include <math.h>

static const char too_large[] = "is too large for one export";
static const char out_of_memory[] = "could not be read: out of memory";

static const char *set_text(struct batch *batch, struct cell *cell, enum cell_kind kind,
                            struct str text)
{
    return batch_set_text(batch, cell, kind, text) ? NULL : too_large;
}

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

/* The value's own text; for storage class TEXT. An empty pointer: out of memory. */
static struct str text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    return (struct str){text, (size_t)sqlite3_value_bytes(value)};
}

static const char *copy_text(sqlite3_value *value, struct batch *batch, struct cell *cell,
                             enum cell_kind kind)
{
    struct str text = text_of(value);
    return text.ptr ? set_text(batch, cell, kind, text) : out_of_memory;
}

/* `\x` and hex digits, as PostgreSQL prints bytea. */
static const char *set_hex(struct batch *batch, struct cell *cell, enum cell_kind kind,
                           struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t offset = batch->text.len;
    char *out = buf_reserve(&batch->text, 2 + 2 * bytes.len);
    if (!out)
        return too_large;
    *out++ = '\\';
    *out++ = 'x';
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 0xF];
    }
    buf_commit(&batch->text, 2 + 2 * bytes.len);
    *cell = (struct cell){.kind = kind, .len = (uint32_t)(2 + 2 * bytes.len)};
    cell->as.offset = offset;
    return NULL;
}

static struct str blob_of(sqlite3_value *value)
{
    const char *bytes = sqlite3_value_blob(value); /* NULL for an empty one */
    return (struct str){bytes, bytes ? (size_t)sqlite3_value_bytes(value) : 0};
}

static const char *convert_any(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        set_integer(cell, CELL_INTEGER, sqlite3_value_int64(value));
        return NULL;
    case SQLITE_FLOAT:
        set_double(cell, sqlite3_value_double(value));
        return NULL;
    case SQLITE_TEXT:
        return copy_text(value, batch, cell, CELL_TEXT);
    case SQLITE_BLOB:
        return set_hex(batch, cell, CELL_BYTES, blob_of(value));
    default:
        cell->kind = CELL_NULL;
        return NULL;
    }
}

/* Any value as its print. */
static const char *print(sqlite3_value *value, struct batch *batch, struct cell *cell,
                         enum cell_kind kind)
{
    char text[NUMBER_TEXT_SIZE];
    switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT:
        return copy_text(value, batch, cell, kind);
    case SQLITE_INTEGER: {
        size_t len = number_format_int64(sqlite3_value_int64(value), text);
        return set_text(batch, cell, kind, (struct str){text, len});
    }
    case SQLITE_FLOAT: {
        size_t len = number_format_double(sqlite3_value_double(value), text);
        return set_text(batch, cell, kind, (struct str){text, len});
    }
    case SQLITE_BLOB:
        return set_hex(batch, cell, kind, blob_of(value));
    default:
        cell->kind = CELL_NULL;
        return NULL;
    }
}

static const char *convert_text(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    return print(value, batch, cell, CELL_TEXT);
}

/* What SQLite prints itself is a literal; a TEXT was written by people, whatever the note calls it,
 * and the formula guard is to look at it. */
static const char *convert_other(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    bool is_text = sqlite3_value_type(value) == SQLITE_TEXT;
    return print(value, batch, cell, is_text ? CELL_TEXT : CELL_LITERAL);
}

/* A whole number in any storage class but BLOB. */
static bool whole_number(sqlite3_value *value, int64_t *out)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        *out = sqlite3_value_int64(value);
        return true;
    case SQLITE_FLOAT: {
        double number = sqlite3_value_double(value);
        static const double largest_whole = 9007199254740992.0; /* 2^53 */
        if (!(fabs(number) <= largest_whole) || number != trunc(number))
            return false;
        *out = (int64_t)number;
        return true;
    }
    case SQLITE_TEXT:
        return str_to_int64(text_of(value), out);
    default:
        return false;
    }
}

static const char *convert_bigint(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return convert_any(value, batch, cell);
    int64_t integer = 0;
    if (!whole_number(value, &integer))
        return "is not a whole number of 64 bits";
    set_integer(cell, CELL_INTEGER, integer);
    return NULL;
}

static const char *convert_integer(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    const char *problem = convert_bigint(value, batch, cell);
    if (problem || cell->kind == CELL_NULL)
        return problem;
    bool is_small = cell->as.integer >= INT32_MIN && cell->as.integer <= INT32_MAX;
    return is_small ? NULL : "does not fit an integer of 32 bits; note the column as bigint";
}

/* Up to 2^63, which as an integer there is not. */
static bool is_exact_double(int64_t integer)
{
    double number = (double)integer;
    return number < 0x1p63 && (int64_t)number == integer;
}

/* Digits from the first to the last that is not zero, before an exponent. */
static size_t significant_digits(struct str text)
{
    size_t count = 0;
    size_t zeros = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || (text.ptr[i] == '0' && count == 0))
            continue;
        count++;
        zeros = text.ptr[i] == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* Whether a double keeps what a text says. */
static bool keeps_digits(struct str text)
{
    enum { DOUBLE_DIGITS = 17 };
    int64_t integer = 0;
    if (str_to_int64(text, &integer))
        return is_exact_double(integer);
    return significant_digits(text) <= DOUBLE_DIGITS;
}

static const char *convert_number(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    static const char inexact[] =
        "has more digits than a number keeps; note the column as bigint or decimal";
    double number = 0;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        if (!is_exact_double(sqlite3_value_int64(value)))
            return inexact;
        set_double(cell, sqlite3_value_double(value));
        return NULL;
    case SQLITE_FLOAT:
    case SQLITE_NULL:
        return convert_any(value, batch, cell);
    case SQLITE_TEXT:
        if (!number_parse_double(text_of(value), &number))
            break;
        if (!keeps_digits(text_of(value)))
            return inexact;
        set_double(cell, number);
        return NULL;
    default:
        break;
    }
    return "is not a number";
}

static bool is_decimal(struct str text)
{
    struct decimal decimal;
    return decimal_parse(text, &decimal) || decimal_is_not_finite(text);
}

static const char *convert_decimal(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT:
        if (is_decimal(text_of(value)))
            return copy_text(value, batch, cell, CELL_DECIMAL);
        return "is not a decimal number";
    case SQLITE_BLOB:
        return "is not a decimal number";
    default:
        return print(value, batch, cell, CELL_DECIMAL);
    }
}

static const char *convert_boolean(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL)
        return convert_any(value, batch, cell);
    int64_t integer = type == SQLITE_INTEGER ? sqlite3_value_int64(value) : -1;
    if (integer != 0 && integer != 1)
        return "is not a boolean, 0 or 1";
    set_integer(cell, CELL_BOOLEAN, integer);
    return NULL;
}

static bool read_time_text(struct str text, int64_t *us)
{
    return calendar_parse_timestamp(text, us) || calendar_parse_date(text, us);
}

/* What a TEXT time column may hold that no CELL_TIMESTAMP can: infinity, a year BC ("-0044-03-15",
 * "0044-03-15 BC") and one of five digits or more. The rest of the text is checked in a leap year
 * in its place: nothing but a time may pass by the formula guard. *us is of that year. */
static bool read_far_time(struct str text, int64_t *us)
{
    enum { LONGEST = 64, YEAR_MAX = 9 };
    *us = 0;
    if (str_equal(text, STR("infinity")) || str_equal(text, STR("-infinity")))
        return true;
    struct str bc = STR(" BC");
    bool has_bc =
        text.len > bc.len && str_equal((struct str){text.ptr + text.len - bc.len, bc.len}, bc);
    if (has_bc)
        text.len -= bc.len;
    bool has_sign = !has_bc && str_starts_with(text, STR("-"));
    struct str rest = {text.ptr + has_sign, text.len - has_sign};
    size_t digits = 0;
    while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9')
        digits++;
    bool is_far = has_bc || has_sign || digits > 4 || str_starts_with(rest, STR("0000"));
    if (!is_far || digits < 4 || digits > YEAR_MAX || rest.len > LONGEST)
        return false;
    struct str year = STR("2000");
    struct str behind = {rest.ptr + digits, rest.len - digits};
    char near[LONGEST];
    memcpy(near, year.ptr, year.len);
    memcpy(near + year.len, behind.ptr, behind.len);
    return read_time_text((struct str){near, year.len + behind.len}, us);
}

/* A time kept as text, or as milliseconds since 1970 (as Prisma does). *is_far: only the text
 * itself can tell it, and *us is good for the time of day alone. */
static bool read_time(sqlite3_value *value, int64_t *us, bool *is_far)
{
    *is_far = false;
    switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT:
        if (!read_time_text(text_of(value), us)) {
            *is_far = true;
            return read_far_time(text_of(value), us);
        }
        *is_far = !cell_time_is_legal(*us);
        return true;
    case SQLITE_INTEGER:
        return !__builtin_mul_overflow(sqlite3_value_int64(value), INT64_C(1000), us) &&
               cell_time_is_legal(*us);
    default:
        return false;
    }
}

static const char *set_time(sqlite3_value *value, struct batch *batch, struct cell *cell,
                            enum cell_kind kind, int64_t us, bool is_far)
{
    if (is_far)
        return copy_text(value, batch, cell, CELL_LITERAL);
    set_integer(cell, kind, us);
    return NULL;
}

static const char *convert_timestamp(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return convert_any(value, batch, cell);
    int64_t us = 0;
    bool is_far = false;
    if (!read_time(value, &us, &is_far))
        return "is not a timestamp";
    return set_time(value, batch, cell, CELL_TIMESTAMP, us, is_far);
}

static const char *convert_date(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    if (sqlite3_value_type(value) == SQLITE_NULL)
        return convert_any(value, batch, cell);
    int64_t us = 0;
    bool is_far = false;
    if (!read_time(value, &us, &is_far))
        return "is not a date";
    if (us % CALENDAR_DAY_US)
        return "is not a date: it has a time of day; note the column as timestamp";
    return set_time(value, batch, cell, CELL_DATE, us, is_far);
}

static const char *convert_time(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL)
        return convert_any(value, batch, cell);
    int64_t us = 0;
    if (type != SQLITE_TEXT || !calendar_parse_time(text_of(value), &us))
        return "is not a time of day";
    return copy_text(value, batch, cell, CELL_LITERAL);
}

static const char *convert_json(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    int type = sqlite3_value_type(value);
    if (type == SQLITE_BLOB)
        return "is not JSON";
    const char *problem = print(value, batch, cell, CELL_JSON);
    if (problem || type == SQLITE_NULL)
        return problem;
    return json_is_valid(batch_text(batch, cell)) ? NULL : "is not JSON";
}

static const char *convert_bytes(sqlite3_value *value, struct batch *batch, struct cell *cell)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_BLOB:
        return set_hex(batch, cell, CELL_BYTES, blob_of(value));
    case SQLITE_TEXT:
        return set_hex(batch, cell, CELL_BYTES, text_of(value));
    case SQLITE_NULL:
        return convert_any(value, batch, cell);
    default:
        return "is not bytes";
    }
}

struct sqlite_converter sqlite_converter_for(enum column_type noted)
{
    static const struct sqlite_converter converters[COLUMN_TYPE_COUNT] = {
        [COLUMN_ANY] = {convert_any},
        [COLUMN_TEXT] = {convert_text},
        [COLUMN_INTEGER] = {convert_integer},
        [COLUMN_BIGINT] = {convert_bigint},
        [COLUMN_NUMBER] = {convert_number},
        [COLUMN_DECIMAL] = {convert_decimal},
        [COLUMN_BOOLEAN] = {convert_boolean},
        [COLUMN_DATE] = {convert_date},
        [COLUMN_TIMESTAMP] = {convert_timestamp},
        [COLUMN_JSON] = {convert_json},
        [COLUMN_BYTES] = {convert_bytes},
        [COLUMN_TIME] = {convert_time},
        [COLUMN_ARRAY] = {convert_any}, /* sqlite_describe refuses the note */
        [COLUMN_OTHER] = {convert_other},
    };
    return converters[noted];
}
