/* SPDX-License-Identifier: Apache-2.0
 *
 * See filters.h.
 */
#include "client/filters.h"

void filters_init(struct filters *filters, struct arena *arena, size_t max)
{
    *filters = (struct filters){.list = arena_alloc_array(arena, max, sizeof(void *))};
}

static Exportqueue__V1__Filter *get(struct filters *filters, struct arena *arena, struct str name)
{
    static const Exportqueue__V1__Filter initial = EXPORTQUEUE__V1__FILTER__INIT;
    for (size_t i = 0; i < filters->count; i++)
        if (str_equal(name, str_of(filters->list[i]->name)))
            return filters->list[i];
    Exportqueue__V1__Filter *filter = arena_alloc(arena, sizeof *filter);
    *filter = initial;
    filter->name = arena_copy_text(arena, name);
    filters->list[filters->count++] = filter;
    return filter;
}

/* Takes the text up to the next comma that has no backslash before it. */
static char *take_value(struct str *rest, struct arena *arena)
{
    char *value = arena_alloc(arena, rest->len + 1);
    size_t len = 0;
    size_t at = 0;
    for (; at < rest->len && rest->ptr[at] != ','; at++) {
        if (rest->ptr[at] == '\\' && at + 1 < rest->len && rest->ptr[at + 1] == ',')
            at++;
        value[len++] = rest->ptr[at];
    }
    bool has_more = at < rest->len;
    *rest = has_more ? (struct str){rest->ptr + at + 1, rest->len - at - 1} : (struct str){0};
    return value;
}

bool filters_add(struct filters *filters, struct arena *arena, const char *text, struct err *err)
{
    struct str rest = str_of(text);
    struct str name;
    (void)str_next(&rest, '=', &name); /* a text is there: it has a first part */
    if (!rest.ptr || str_is_empty(name))
        return err_set(err, ERR_INVALID, "--filter is \"%s\"; it takes NAME=VALUE[,VALUE…]", text);
    if (rest.len == 0) /* as a script gives it whose variable is empty; it would match no row */
        return err_set(err, ERR_INVALID,
                       "--filter %s has no value; leave the filter out to get all rows", text);
    Exportqueue__V1__Filter *filter = get(filters, arena, name);
    char **values =
        arena_alloc_array(arena, filter->n_values + rest.len + 1, sizeof *filter->values);
    if (filter->n_values)
        memcpy((void *)values, (const void *)filter->values, filter->n_values * sizeof *values);
    filter->values = values;
    while (rest.ptr)
        filter->values[filter->n_values++] = take_value(&rest, arena);
    return true;
}
