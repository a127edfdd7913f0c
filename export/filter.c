/* SPDX-License-Identifier: Apache-2.0
 *
 * See filter.h. One reader per type, in a table; each says in its error what it would take.
 */
#include "export/filter.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "base/number.h"
#include "base/utf8.h"

enum { SHOWN_BYTES = 64 };

/* One value on its way: what the reader needs to know and to fill. */
struct reading {
    const struct filter *filter;
    const char *field;
    struct arena *arena;
    struct err *err;
};

/* "filter status: "OPN" is not …": the value cut to what helps, its control characters as '?'. */
static bool refuse(const struct reading *reading, struct str value, const char *expected)
{
    char shown[SHOWN_BYTES];
    struct str cut = utf8_cut(value, sizeof shown);
    for (size_t i = 0; i < cut.len; i++)
        shown[i] = (unsigned char)cut.ptr[i] < ' ' ? '?' : cut.ptr[i];
    return err_set_field(reading->err, reading->field, "filter %.*s: \"%.*s%s\" is not %s",
                         STR_ARG(reading->filter->name), (int)cut.len, shown,
                         cut.len < value.len ? "…" : "", expected);
}

static bool read_text(const struct reading *reading, struct str value, struct filter_value *out)
{
    out->text = arena_copy_str(reading->arena, value);
    return true;
}

static bool read_integer(const struct reading *reading, struct str value, struct filter_value *out)
{
    if (str_to_int64(value, &out->integer))
        return true;
    return refuse(reading, value, "a whole number of at most 64 bits, such as 42 or -7");
}

static bool read_number(const struct reading *reading, struct str value, struct filter_value *out)
{
    if (number_parse_double(value, &out->number))
        return true;
    return refuse(reading, value, "a number, such as 12.5 or -1e3");
}

static bool read_boolean(const struct reading *reading, struct str value, struct filter_value *out)
{
    bool is_true = str_equal(value, STR("true"));
    if (!is_true && !str_equal(value, STR("false")))
        return refuse(reading, value, "true or false");
    out->integer = is_true;
    return true;
}

static bool read_enum(const struct reading *reading, struct str value, struct filter_value *out)
{
    const struct filter *filter = reading->filter;
    struct buf expected CLEANUP(buf_done);
    buf_init(&expected, ERR_TEXT_SIZE);
    for (size_t i = 0; i < filter->choice_count; i++) {
        if (str_equal(filter->choices[i], value))
            return read_text(reading, value, out);
        buf_add_text(&expected, i ? ", " : "one of ");
        buf_add_str(&expected, filter->choices[i]);
    }
    return refuse(reading, value, expected.ptr);
}

/* The canonical text of an instant, by one of the calendar's formats. */
static struct str time_text(const struct reading *reading, int64_t us,
                            size_t (*format)(int64_t us, char out[CALENDAR_TEXT_SIZE]))
{
    if (us >= CELL_TIME_END_US)
        return STR("infinity");
    char text[CALENDAR_TEXT_SIZE];
    size_t len = format(us, text);
    return arena_copy_str(reading->arena, (struct str){text, len});
}

static bool take_date(const struct reading *reading, struct str value, struct filter_value *out)
{
    int64_t us = 0;
    if (!calendar_parse_date(value, &us))
        return false;
    out->text = time_text(reading, us, calendar_format_date);
    out->end_text = time_text(reading, us + CALENDAR_DAY_US, calendar_format_date);
    return true;
}

static bool read_date(const struct reading *reading, struct str value, struct filter_value *out)
{
    if (take_date(reading, value, out))
        return true;
    return refuse(reading, value, "a date, such as 2025-08-31");
}

static bool read_timestamp(const struct reading *reading, struct str value,
                           struct filter_value *out)
{
    if (take_date(reading, value, out))
        return true;
    int64_t us = 0;
    if (!calendar_parse_timestamp(value, &us) || !cell_time_is_legal(us)) {
        return refuse(reading, value,
                      "a time in RFC 3339, such as 2025-08-31T12:00:00Z, or a date, such as "
                      "2025-08-31");
    }
    out->text = time_text(reading, us, calendar_format_sql);
    out->end_text = time_text(reading, us + 1, calendar_format_sql);
    return true;
}

/* text[] has none: its values are read one by one as text. */
static bool (*const readers[FILTER_TYPE_COUNT])(const struct reading *reading, struct str value,
                                                struct filter_value *out) = {
    [FILTER_TEXT] = read_text,     [FILTER_INTEGER] = read_integer,
    [FILTER_NUMBER] = read_number, [FILTER_BOOLEAN] = read_boolean,
    [FILTER_DATE] = read_date,     [FILTER_TIMESTAMP] = read_timestamp,
    [FILTER_ENUM] = read_enum,
};

/* What holds for a value of any type. */
static bool check_text(const struct reading *reading, struct str value)
{
    if (value.len > FILTER_MAX_VALUE_BYTES) {
        return err_set_field(reading->err, reading->field,
                             "filter %.*s: a value of %zu bytes; at most %d are accepted",
                             STR_ARG(reading->filter->name), value.len, FILTER_MAX_VALUE_BYTES);
    }
    if (value.len &&
        (utf8_valid_prefix(value.ptr, value.len) < value.len || str_find(value, '\0') < value.len))
        return refuse(reading, value, "UTF-8 text without NUL");
    return true;
}

static bool read_list(const struct reading *reading, const struct str *values, size_t value_count,
                      struct filter_value *out)
{
    if (value_count == 0 || value_count > FILTER_MAX_VALUES) {
        return err_set_field(reading->err, reading->field,
                             "filter %.*s: %zu values; 1 to %d are accepted",
                             STR_ARG(reading->filter->name), value_count, FILTER_MAX_VALUES);
    }
    struct str *list = arena_alloc_array(reading->arena, value_count, sizeof *list);
    for (size_t i = 0; i < value_count; i++) {
        char field[ERR_FIELD_SIZE];
        (void)snprintf(field, sizeof field, "%s[%zu]", reading->field, i);
        struct reading element = *reading;
        element.field = field;
        if (!check_text(&element, values[i]))
            return false;
        list[i] = arena_copy_str(reading->arena, values[i]);
    }
    out->list = list;
    out->list_count = value_count;
    return true;
}

bool filter_parse(const struct filter *filter, const char *field, const struct str *values,
                  size_t value_count, struct arena *arena, struct filter_value *out,
                  struct err *err)
{
    struct reading reading = {.filter = filter, .field = field, .arena = arena, .err = err};
    struct filter_value value = {.filter = filter};
    if (filter->type == FILTER_TEXT_LIST) {
        if (!read_list(&reading, values, value_count, &value))
            return false;
    } else {
        if (value_count != 1) {
            return err_set_field(err, field, "filter %.*s: %zu values; exactly one is accepted",
                                 STR_ARG(filter->name), value_count);
        }
        if (!check_text(&reading, values[0]) || !readers[filter->type](&reading, values[0], &value))
            return false;
    }
    *out = value;
    return true;
}
