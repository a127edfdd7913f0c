/* SPDX-License-Identifier: Apache-2.0
 *
 * Values reach the database bound, never as SQL. A list is bound as the text of a JSON array, which
 * a type's SQL takes apart with json_each.
 */
#include "export/source_sqlite.h"

#include <assert.h>

/* The most a list can take: every byte escaped as \u00XX, quotes and a comma. */
enum { MAX_LIST_BYTES = FILTER_MAX_VALUES * (FILTER_MAX_VALUE_BYTES * 6 + 3) + 2 };

enum parameter_kind sqlite_parameter_find(const struct export_type *type, const char *name,
                                          size_t *filter)
{
    if (!name || name[0] != ':')
        return PARAMETER_UNKNOWN;
    return parameter_find(type, str_of(name + 1), filter);
}

static void add_json_text(struct buf *out, struct str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c < ' ') {
            buf_printf(out, "\\u%04x", (unsigned)c);
            continue;
        }
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, c);
    }
    buf_add_char(out, '"');
}

static struct str list_text(const struct filter_value *value, struct arena *arena)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_LIST_BYTES);
    buf_add_char(&text, '[');
    for (size_t i = 0; i < value->list_count; i++) {
        if (i)
            buf_add_char(&text, ',');
        add_json_text(&text, value->list[i]);
    }
    buf_add_char(&text, ']');
    assert(buf_is_ok(&text));
    return arena_copy_str(arena, buf_str(&text));
}

static int bind_text(sqlite3_stmt *statement, int index, struct str text)
{
    const char *ptr = text.ptr ? text.ptr : "";
    return sqlite3_bind_text64(statement, index, ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_value(sqlite3_stmt *statement, int index, const struct filter_value *value,
                      struct arena *arena)
{
    if (!value->filter)
        return sqlite3_bind_null(statement, index);
    switch (value->filter->type) {
    case FILTER_TEXT:
    case FILTER_ENUM:
    case FILTER_DATE:
    case FILTER_TIMESTAMP:
        return bind_text(statement, index, value->text);
    case FILTER_TEXT_LIST:
        return bind_text(statement, index, list_text(value, arena));
    case FILTER_INTEGER:
    case FILTER_BOOLEAN:
        return sqlite3_bind_int64(statement, index, value->integer);
    case FILTER_NUMBER:
        return sqlite3_bind_double(statement, index, value->number);
    case FILTER_TYPE_COUNT:
        break;
    }
    return SQLITE_MISUSE;
}

static int bind_parameter(sqlite3_stmt *statement, int index, const struct source_query *query,
                          struct arena *arena)
{
    size_t filter = 0;
    const char *name = sqlite3_bind_parameter_name(statement, index);
    switch (sqlite_parameter_find(query->type, name, &filter)) {
    case PARAMETER_OWNER:
        return bind_text(statement, index, query->owner);
    case PARAMETER_FILTER:
        return bind_value(statement, index, &query->filters[filter], arena);
    case PARAMETER_FILTER_END:
        if (!query->filters[filter].filter)
            return sqlite3_bind_null(statement, index);
        return bind_text(statement, index, query->filters[filter].end_text);
    case PARAMETER_UNKNOWN:
        break;
    }
    return SQLITE_MISUSE; /* source_describe refuses such a type */
}

bool sqlite_bind(sqlite3_stmt *statement, const struct source_query *query, struct arena *arena,
                 struct err *err)
{
    int count = sqlite3_bind_parameter_count(statement);
    for (int index = 1; index <= count; index++) {
        if (bind_parameter(statement, index, query, arena) != SQLITE_OK)
            return err_set(err, ERR_INTERNAL, "a filter's value could not be handed to the source");
    }
    return true;
}
