/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_field.h.
 */
#include "server/http_field.h"

#include "base/utf8.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = ERR_FIELD_SIZE - 8 };

typedef Exportqueue__V1__CreateJobRequest request_t;

void http_field_set(struct err *err, const char *field)
{
    struct err told = *err;
    size_t old_len = strlen(told.field);
    if (err->code != ERR_INVALID || old_len == 0)
        return;
    if (str_starts_with(str_of(told.text), str_of(told.field)))
        (void)err_set_field(err, field, "%s%s", field, told.text + old_len);
    else
        (void)err_set_field(err, field, "%s", told.text);
}

void http_field_prefix(struct err *err, const char *prefix)
{
    char field[ERR_TEXT_SIZE];
    (void)snprintf(field, sizeof field, "%s%s", prefix, err->field);
    http_field_set(err, field);
}

/* "time_zone" is "timeZone", as proto3's JSON has it. */
static void write_camel(const char *name, char out[ERR_FIELD_SIZE])
{
    size_t len = 0;
    for (; *name; name++) {
        bool is_joint = name[0] == '_' && name[1] >= 'a' && name[1] <= 'z';
        name += is_joint;
        out[len++] = is_joint ? str_upper(*name) : *name;
    }
    out[len] = '\0';
}

void http_field_of_param(const char *name, char out[ERR_FIELD_SIZE])
{
    (void)snprintf(out, ERR_FIELD_SIZE, "params.%.*s",
                   STR_ARG(utf8_cut(str_of(name), NAME_MAX_BYTES)));
}

/* "filters[1].values[3]" is "params.tagIds[3]"; a single value is the parameter itself. */
static void write_filter(const request_t *request, const char *path, char out[ERR_TEXT_SIZE])
{
    char field[ERR_FIELD_SIZE];
    char *rest = NULL;
    size_t index = strtoul(path, &rest, 10);
    const char *name = index < request->n_filters ? request->filters[index]->name : "";
    const char *element = strchr(rest, '.') ? strchr(strchr(rest, '.'), '[') : NULL;
    http_field_of_param(name, field);
    (void)snprintf(out, ERR_TEXT_SIZE, "%s%s", field, element ? element : "");
}

/* That there is no such filter: what else params take. */
static void advise_params(struct err *err)
{
    const struct err told = *err;
    (void)err_set_field(err, told.field, "%s; besides them params take limit and selectedColumns",
                        told.text);
}

void http_field_translate(const request_t *request, struct err *err)
{
    bool is_unknown_filter = request && strstr(err->field, "].name");
    static const char filter[] = "filters[";
    static const char columns[] = "columns";
    struct str field = str_of(err->field);
    char out[ERR_TEXT_SIZE];
    if (request && str_starts_with(field, STR("filters[")))
        write_filter(request, err->field + strlen(filter), out);
    else if (request && str_starts_with(field, STR("columns")))
        (void)snprintf(out, sizeof out, "params.selectedColumns%s", err->field + strlen(columns));
    else if (request && str_equal(field, STR("filters")))
        (void)snprintf(out, sizeof out, "params");
    else if (request && str_equal(field, STR("limit")))
        (void)snprintf(out, sizeof out, "params.limit");
    else if (request && str_equal(field, STR("request_id")))
        (void)snprintf(out, sizeof out, "X-Request-Id");
    else
        write_camel(err->field, out);
    http_field_set(err, out);
    if (is_unknown_filter)
        advise_params(err);
}
