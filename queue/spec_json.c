/* SPDX-License-Identifier: Apache-2.0
 *
 * See spec_json.h.
 */
#include "queue/spec_json.h"

static json_t *text_json(struct str text)
{
    return json_stringn(text.len ? text.ptr : "", text.len);
}

static json_t *texts_json(const struct str *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, text_json(texts[i]));
    return array;
}

static void set_text(json_t *object, const char *key, struct str text)
{
    if (!str_is_empty(text))
        (void)json_object_set_new(object, key, text_json(text));
}

static void set_number(json_t *object, const char *key, int64_t number)
{
    if (number)
        (void)json_object_set_new(object, key, json_integer(number));
}

static json_t *presentation_json(const struct job_presentation *presentation)
{
    json_t *object = json_object();
    set_text(object, "locale", presentation->locale);
    set_text(object, "time_zone", presentation->time_zone);
    set_number(object, "delimiter", (unsigned char)presentation->delimiter);
    set_number(object, "bom", presentation->has_bom);
    set_number(object, "newline", (int64_t)presentation->newline);
    set_number(object, "compression", (int64_t)presentation->compression);
    set_number(object, "unguarded", presentation->is_unguarded);
    set_number(object, "exact_numbers_text", presentation->has_exact_numbers_text);
    set_number(object, "dialect", (int64_t)presentation->dialect);
    set_number(object, "titles", presentation->has_titles);
    set_text(object, "null_text", presentation->null_text);
    set_number(object, "has_places", presentation->has_places);
    set_number(object, "places", presentation->places);
    return object;
}

json_t *spec_to_json(const struct job_spec *spec)
{
    json_t *object = json_object();
    json_t *filters = json_array();
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct job_filter *filter = &spec->filters[i];
        json_t *item = json_object();
        (void)json_object_set_new(item, "name", text_json(filter->name));
        (void)json_object_set_new(item, "values", texts_json(filter->values, filter->value_count));
        (void)json_array_append_new(filters, item);
    }
    (void)json_object_set_new(object, "filters", filters);
    (void)json_object_set_new(object, "columns", texts_json(spec->columns, spec->column_count));
    set_number(object, "limit", spec->limit);
    (void)json_object_set_new(object, "presentation", presentation_json(&spec->presentation));
    set_text(object, "webhook_url", spec->webhook_url);
    return object;
}

/* ---- Reading ---- */

static struct str get_text(const json_t *value, struct arena *arena)
{
    if (!json_is_string(value))
        return (struct str){0};
    return arena_copy_str(arena, (struct str){json_string_value(value), json_string_length(value)});
}

static int64_t get_number(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static const struct str *get_texts(const json_t *array, struct arena *arena, size_t *out_count)
{
    *out_count = json_array_size(array);
    struct str *texts = arena_alloc_array(arena, *out_count, sizeof *texts);
    for (size_t i = 0; i < *out_count; i++)
        texts[i] = get_text(json_array_get(array, i), arena);
    return texts;
}

static void read_presentation(const json_t *object, struct arena *arena,
                              struct job_presentation *out)
{
    *out = (struct job_presentation){
        .locale = get_text(json_object_get(object, "locale"), arena),
        .time_zone = get_text(json_object_get(object, "time_zone"), arena),
        .delimiter = (char)get_number(object, "delimiter"),
        .has_bom = get_number(object, "bom") != 0,
        .newline = (enum job_newline)get_number(object, "newline"),
        .compression = (enum job_compression)get_number(object, "compression"),
        .is_unguarded = get_number(object, "unguarded") != 0,
        .has_exact_numbers_text = get_number(object, "exact_numbers_text") != 0,
        .dialect = (enum job_dialect)get_number(object, "dialect"),
        .has_titles = get_number(object, "titles") != 0,
        .null_text = get_text(json_object_get(object, "null_text"), arena),
        .has_places = get_number(object, "has_places") != 0,
        .places = (int32_t)get_number(object, "places"),
    };
}

static void read_filters(const json_t *array, struct arena *arena, struct job_spec *spec)
{
    spec->filter_count = json_array_size(array);
    struct job_filter *filters = arena_alloc_array(arena, spec->filter_count, sizeof *filters);
    for (size_t i = 0; i < spec->filter_count; i++) {
        const json_t *item = json_array_get(array, i);
        filters[i].name = get_text(json_object_get(item, "name"), arena);
        filters[i].values =
            get_texts(json_object_get(item, "values"), arena, &filters[i].value_count);
    }
    spec->filters = filters;
}

static void drop_json(json_t *const *json)
{
    json_decref(*json);
}

bool spec_from_json(struct str text, struct arena *arena, struct job_spec *spec)
{
    json_t *object CLEANUP(drop_json) = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(object))
        return false;
    read_filters(json_object_get(object, "filters"), arena, spec);
    spec->columns = get_texts(json_object_get(object, "columns"), arena, &spec->column_count);
    spec->limit = get_number(object, "limit");
    read_presentation(json_object_get(object, "presentation"), arena, &spec->presentation);
    spec->webhook_url = get_text(json_object_get(object, "webhook_url"), arena);
    return true;
}
