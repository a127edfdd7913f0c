/* SPDX-License-Identifier: Apache-2.0
 *
 * See plan.h.
 */
#include "worker/plan.h"

#include "base/utf8.h"

enum { FIELD_SIZE = 64, SHOWN_BYTES = 60, NAMES_MAX_BYTES = 300 };

/* A caller's text for an error. */
static struct str shown(struct str text)
{
    return utf8_cut(text, SHOWN_BYTES);
}

static void add_name(struct buf *names, struct str name)
{
    if (names->len)
        buf_add_text(names, ", ");
    buf_add_str(names, name);
}

/* What was gathered for an error; an overflow only shortens it. */
static const char *names_text(const struct buf *names)
{
    return names->len ? names->ptr : "none";
}

static bool find_type(const struct catalog *catalog, struct str name,
                      const struct export_type **out, struct err *err)
{
    *out = catalog_find(catalog, name);
    if (*out)
        return true;
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (size_t i = 0; i < catalog_count(catalog); i++)
        add_name(&names, catalog_at(catalog, i)->name);
    if (str_is_empty(name))
        return err_set_field(err, "type", "the type is missing; this server has: %s",
                             names_text(&names));
    return err_set_field(err, "type", "unknown export type \"%.*s\"; this server has: %s",
                         STR_ARG(shown(name)), names_text(&names));
}

static bool find_format(struct str name, const struct format **out, struct err *err)
{
    *out = format_find(name);
    if (*out)
        return true;
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (size_t i = 0; i < format_count; i++)
        add_name(&names, str_of(formats[i]->name));
    return err_set_field(err, "format", "unknown format \"%.*s\"; accepted: %s",
                         STR_ARG(shown(name)), names_text(&names));
}

static bool unknown_filter(const struct export_type *type, const char *field, struct str name,
                           struct err *err)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (size_t i = 0; i < type->filter_count; i++)
        add_name(&names, type->filters[i].name);
    return err_set_field(err, field, "%.*s has no filter \"%.*s\"; its filters: %s",
                         STR_ARG(type->name), STR_ARG(shown(name)), names_text(&names));
}

static bool check_size(const struct job_spec *spec, struct err *err)
{
    size_t bytes = job_spec_bytes(spec);
    if (bytes <= PLAN_MAX_SPEC_BYTES)
        return true;
    return err_set_field(err, spec->filter_count ? "filters" : "columns",
                         "filters and columns have %zu bytes of names and values; at most %d are "
                         "accepted",
                         bytes, PLAN_MAX_SPEC_BYTES);
}

static bool plan_filters(const struct export_type *type, const struct job_spec *spec,
                         struct arena *arena, const struct filter_value **out, struct err *err)
{
    struct filter_value *values = arena_alloc_array(arena, type->filter_count, sizeof *values);
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct job_filter *asked = &spec->filters[i];
        char field[FIELD_SIZE];
        (void)snprintf(field, sizeof field, "filters[%zu].name", i);
        const struct filter *filter = export_type_filter(type, asked->name);
        if (!filter)
            return unknown_filter(type, field, asked->name, err);
        struct filter_value *value = &values[filter - type->filters];
        if (value->filter)
            return err_set_field(err, field,
                                 "filter \"%.*s\" is named twice; give all its values at once",
                                 STR_ARG(filter->name));
        (void)snprintf(field, sizeof field, "filters[%zu].values", i);
        if (!filter_parse(filter, field, asked->values, asked->value_count, arena, value, err))
            return false;
    }
    *out = values;
    return true;
}

static bool unknown_column(const struct export_type *type, const char *field, struct str name,
                           struct err *err)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (size_t i = 0; i < type->column_count; i++)
        add_name(&names, type->columns[i].name);
    return err_set_field(err, field, "%.*s has no column \"%.*s\"; its columns: %s",
                         STR_ARG(type->name), STR_ARG(shown(name)), names_text(&names));
}

static size_t take_default_columns(const struct export_type *type, size_t *indices)
{
    size_t count = 0;
    for (size_t i = 0; i < type->column_count; i++)
        if (type->columns[i].is_default)
            indices[count++] = i;
    return count;
}

static bool take_asked_columns(const struct export_type *type, const struct job_spec *spec,
                               size_t *indices, struct err *err)
{
    for (size_t i = 0; i < spec->column_count; i++) {
        char field[FIELD_SIZE];
        (void)snprintf(field, sizeof field, "columns[%zu]", i);
        const struct column *column = export_type_column(type, spec->columns[i]);
        if (!column)
            return unknown_column(type, field, spec->columns[i], err);
        indices[i] = (size_t)(column - type->columns);
        for (size_t before = 0; before < i; before++)
            if (indices[before] == indices[i])
                return err_set_field(err, field, "column \"%.*s\" is named twice; name it once",
                                     STR_ARG(column->name));
    }
    return true;
}

static bool plan_columns(const struct job_spec *spec, struct arena *arena, struct plan *plan,
                         struct err *err)
{
    const struct export_type *type = plan->type;
    if (spec->column_count > type->column_count)
        return err_set_field(err, "columns", "%zu columns are asked for, %.*s has %zu",
                             spec->column_count, STR_ARG(type->name), type->column_count);
    size_t *indices = arena_alloc_array(arena, type->column_count, sizeof *indices);
    size_t count = spec->column_count;
    if (count == 0)
        count = take_default_columns(type, indices);
    else if (!take_asked_columns(type, spec, indices, err))
        return false;
    const struct column **columns = arena_alloc_array(arena, count, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = &type->columns[indices[i]];
    plan->column_indices = indices;
    plan->columns = columns;
    plan->column_count = count;
    return true;
}

bool plan_make(const struct catalog *catalog, const struct job_spec *spec, struct arena *arena,
               struct plan *out, struct err *err)
{
    struct plan plan = {0};
    if (!check_size(spec, err) || !find_type(catalog, spec->type, &plan.type, err) ||
        !find_format(spec->format, &plan.format, err) ||
        !plan_filters(plan.type, spec, arena, &plan.filters, err) ||
        !plan_columns(spec, arena, &plan, err))
        return false;
    if (spec->limit < 0)
        return err_set_field(err, "limit",
                             "the limit is %lld; give at least 1, or leave it unset for all rows",
                             (long long)spec->limit);
    if (!presentation_make(&spec->presentation, plan.format, arena, &plan.presentation, err))
        return false;
    *out = plan;
    return true;
}
