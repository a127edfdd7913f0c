/* SPDX-License-Identifier: Apache-2.0
 *
 * Values reach the database bound, never as SQL: as text, in the form that PostgreSQL reads
 * whatever its settings are. Numbers and times are declared, by types that compare with all their
 * kin (numeric with int4 and float8, timestamptz with timestamp and date, in UTC). Texts, lists of
 * them and the owner are not: the server finds from the SQL whether it wants text, a uuid or an
 * enum.
 */
#include "export/source_pg.h"

#include "base/number.h"

#include <assert.h>

enum { OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25, OID_TEXT_LIST = 1009 };
enum { OID_DATE = 1082, OID_TIMESTAMPTZ = 1184, OID_NUMERIC = 1700 };

/* The most a list can take: every byte escaped, quotes and a comma. */
enum { MAX_LIST_BYTES = FILTER_MAX_VALUES * (FILTER_MAX_VALUE_BYTES * 2 + 3) + 2 };

static const struct {
    Oid declared;
    Oid fallback;
} types[FILTER_TYPE_COUNT] = {
    [FILTER_TEXT] = {0, OID_TEXT},
    [FILTER_TEXT_LIST] = {0, OID_TEXT_LIST},
    [FILTER_INTEGER] = {OID_INT8, OID_INT8},
    [FILTER_NUMBER] = {OID_NUMERIC, OID_NUMERIC},
    [FILTER_BOOLEAN] = {OID_BOOL, OID_BOOL},
    [FILTER_DATE] = {OID_DATE, OID_DATE},
    [FILTER_TIMESTAMP] = {OID_TIMESTAMPTZ, OID_TIMESTAMPTZ},
    [FILTER_ENUM] = {0, OID_TEXT},
};

Oid pg_bind_type(const struct export_type *type, const struct pg_slot *slot)
{
    return slot->kind == PARAMETER_OWNER ? 0 : types[type->filters[slot->filter].type].declared;
}

Oid pg_bind_fallback(const struct export_type *type, const struct pg_slot *slot)
{
    if (slot->kind == PARAMETER_OWNER)
        return OID_TEXT;
    return types[type->filters[slot->filter].type].fallback;
}

static void add_element(struct buf *out, struct str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, '"');
}

/* An array's text; every element is quoted, so that NULL, braces and blanks are only text. */
static const char *list_text(const struct filter_value *value, struct arena *arena)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_LIST_BYTES);
    buf_add_char(&text, '{');
    for (size_t i = 0; i < value->list_count; i++) {
        if (i)
            buf_add_char(&text, ',');
        add_element(&text, value->list[i]);
    }
    buf_add_char(&text, '}');
    assert(buf_is_ok(&text));
    return arena_copy_text(arena, buf_str(&text));
}

static const char *value_text(const struct filter_value *value, struct arena *arena)
{
    char text[NUMBER_TEXT_SIZE];
    switch (value->filter->type) {
    case FILTER_TEXT:
    case FILTER_ENUM:
    case FILTER_DATE:
    case FILTER_TIMESTAMP:
        return arena_copy_text(arena, value->text);
    case FILTER_TEXT_LIST:
        return list_text(value, arena);
    case FILTER_INTEGER:
        (void)number_format_int64(value->integer, text);
        return arena_copy_text(arena, str_of(text));
    case FILTER_BOOLEAN:
        return value->integer ? "true" : "false";
    case FILTER_NUMBER:
        (void)number_format_double(value->number, text);
        return arena_copy_text(arena, str_of(text));
    case FILTER_TYPE_COUNT:
        break;
    }
    return NULL;
}

static const char *slot_text(const struct pg_slot *slot, const struct source_query *query,
                             struct arena *arena)
{
    if (slot->kind == PARAMETER_OWNER)
        return arena_copy_text(arena, query->owner);
    const struct filter_value *value = &query->filters[slot->filter];
    if (!value->filter)
        return NULL;
    return slot->kind == PARAMETER_FILTER_END ? arena_copy_text(arena, value->end_text)
                                              : value_text(value, arena);
}

bool pg_bind(const struct pg_export *export, const struct source_query *query, struct arena *arena,
             const char *const **out, struct err *err)
{
    /* It would end there, and be somebody else. */
    if (str_find(query->owner, '\0') < query->owner.len)
        return err_set(err, ERR_INVALID, "the owner's name holds a NUL");
    const char **values = arena_alloc_array(arena, export->slot_count, sizeof *values);
    for (size_t i = 0; i < export->slot_count; i++)
        values[i] = slot_text(&export->slots[i], query, arena);
    *out = values;
    return true;
}
