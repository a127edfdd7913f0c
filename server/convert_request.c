/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Here: what comes in, checked for form.
 */
#include "server/convert.h"

#include "export/writer.h"

enum { NAMES_MAX_BYTES = 300 };

bool convert_text(const char *text, const char *field, size_t max, struct str *out, struct err *err)
{
    struct str view = str_of(text);
    if (view.len > max)
        return err_set_field(err, field, "%s has %zu bytes; at most %zu are accepted", field,
                             view.len, max);
    *out = view;
    return true;
}

static bool take_filter(const Exportqueue__V1__Filter *filter, size_t index, struct arena *arena,
                        struct job_filter *out, struct err *err)
{
    char field[ERR_FIELD_SIZE];
    (void)snprintf(field, sizeof field, "filters[%zu].name", index);
    if (!convert_text(filter->name, field, CONVERT_MAX_NAME, &out->name, err))
        return false;
    (void)snprintf(field, sizeof field, "filters[%zu].values", index);
    struct str *values = arena_alloc_array(arena, filter->n_values, sizeof *values);
    for (size_t i = 0; i < filter->n_values; i++)
        if (!convert_text(filter->values[i], field, FILTER_MAX_VALUE_BYTES, &values[i], err))
            return false;
    out->values = values;
    out->value_count = filter->n_values;
    return true;
}

/* Whether there are no more than may be; else that is counted. */
static bool is_within(size_t count, struct limits *limits, enum limit limit)
{
    if (count <= (size_t)limits_most(limits, limit))
        return true;
    limits_count_refusal(limits, limit);
    return false;
}

/* How many of something a job may name. */
static bool check_count(size_t count, const char *field, struct limits *limits, enum limit limit,
                        struct err *err)
{
    return is_within(count, limits, limit) ||
           err_set_field(err, field, "there are %zu %s; at most %lld are accepted (%s)", count,
                         field, (long long)limits_most(limits, limit), limits_name(limit));
}

/* How many values each filter may have: before any memory is taken for them. */
static bool check_values(const Exportqueue__V1__CreateJobRequest *request, struct limits *limits,
                         struct err *err)
{
    for (size_t i = 0; i < request->n_filters; i++) {
        size_t count = request->filters[i]->n_values;
        char field[ERR_FIELD_SIZE];
        if (is_within(count, limits, LIMIT_VALUES))
            continue;
        (void)snprintf(field, sizeof field, "filters[%zu].values", i);
        return err_set_field(err, field, "%s has %zu values; at most %lld are accepted (%s)", field,
                             count, (long long)limits_most(limits, LIMIT_VALUES),
                             limits_name(LIMIT_VALUES));
    }
    return true;
}

static bool take_filters(const Exportqueue__V1__CreateJobRequest *request, struct arena *arena,
                         struct job_spec *out, struct err *err)
{
    struct job_filter *filters = arena_alloc_array(arena, request->n_filters, sizeof *filters);
    for (size_t i = 0; i < request->n_filters; i++)
        if (!take_filter(request->filters[i], i, arena, &filters[i], err))
            return false;
    out->filters = filters;
    out->filter_count = request->n_filters;
    return true;
}

static bool take_columns(const Exportqueue__V1__CreateJobRequest *request, struct arena *arena,
                         struct job_spec *out, struct err *err)
{
    struct str *columns = arena_alloc_array(arena, request->n_columns, sizeof *columns);
    for (size_t i = 0; i < request->n_columns; i++) {
        char field[ERR_FIELD_SIZE];
        (void)snprintf(field, sizeof field, "columns[%zu]", i);
        if (!convert_text(request->columns[i], field, CONVERT_MAX_NAME, &columns[i], err))
            return false;
    }
    out->columns = columns;
    out->column_count = request->n_columns;
    return true;
}

bool convert_refuse_number(const ProtobufCEnumDescriptor *descriptor, int value, const char *field,
                           struct err *err)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        if (descriptor->values[i].value == 0)
            continue;
        buf_add_text(&names, names.len ? ", " : "");
        buf_add_text(&names, descriptor->values[i].name);
    }
    return err_set_field(err, field, "%s is %d; accepted are %.*s", field, value,
                         STR_ARG(buf_str(&names)));
}

static bool is_known(const ProtobufCEnumDescriptor *descriptor, int value, const char *field,
                     struct err *err)
{
    return protobuf_c_enum_descriptor_get_value(descriptor, value) ||
           convert_refuse_number(descriptor, value, field, err);
}

static bool take_presentation_enums(const Exportqueue__V1__Presentation *asked, struct err *err)
{
    return is_known(&exportqueue__v1__newline__descriptor, (int)asked->newline,
                    "presentation.newline", err) &&
           is_known(&exportqueue__v1__compression__descriptor, (int)asked->compression,
                    "presentation.compression", err) &&
           is_known(&exportqueue__v1__formula_guard__descriptor, (int)asked->formula_guard,
                    "presentation.formula_guard", err) &&
           is_known(&exportqueue__v1__exact_numbers__descriptor, (int)asked->exact_numbers,
                    "presentation.exact_numbers", err) &&
           is_known(&exportqueue__v1__header__descriptor, (int)asked->header, "presentation.header",
                    err) &&
           is_known(&exportqueue__v1__dialect__descriptor, (int)asked->dialect,
                    "presentation.dialect", err);
}

static enum job_compression compression_of(Exportqueue__V1__Compression compression)
{
    if (compression == EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP)
        return COMPRESSION_GZIP;
    if (compression == EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD)
        return COMPRESSION_ZSTD;
    return COMPRESSION_NONE;
}

static enum job_newline newline_of(Exportqueue__V1__Newline newline)
{
    if (newline == EXPORTQUEUE__V1__NEWLINE__NEWLINE_LF)
        return NEWLINE_LF;
    return newline == EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF ? NEWLINE_CRLF : NEWLINE_UNSAID;
}

static bool take_presentation(const Exportqueue__V1__Presentation *asked,
                              struct job_presentation *out, struct err *err)
{
    struct str delimiter = {0};
    if (!asked)
        return true;
    if (!convert_text(asked->locale, "presentation.locale", CONVERT_MAX_NAME, &out->locale, err) ||
        !convert_text(asked->time_zone, "presentation.time_zone", CONVERT_MAX_NAME, &out->time_zone,
                      err) ||
        !convert_text(asked->delimiter, "presentation.delimiter", CONVERT_MAX_NAME, &delimiter,
                      err) ||
        !convert_text(asked->null_text, "presentation.null_text", WRITER_MAX_NULL_TEXT,
                      &out->null_text, err) ||
        !take_presentation_enums(asked, err))
        return false;
    if (delimiter.len > 1)
        return err_set_field(err, "presentation.delimiter",
                             "the delimiter has %zu bytes; give one ASCII character",
                             delimiter.len);
    out->delimiter = delimiter.len ? delimiter.ptr[0] : 0;
    out->has_bom = asked->bom;
    out->has_titles = asked->header == EXPORTQUEUE__V1__HEADER__HEADER_TITLES;
    out->has_places = asked->places != NULL;
    out->places = asked->places ? asked->places->digits : 0;
    out->newline = newline_of(asked->newline);
    out->compression = compression_of(asked->compression);
    out->is_unguarded = asked->formula_guard == EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
    out->has_exact_numbers_text =
        asked->exact_numbers == EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING;
    out->dialect =
        asked->dialect == EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL ? DIALECT_EXCEL : DIALECT_RFC4180;
    return true;
}

bool convert_spec(const Exportqueue__V1__CreateJobRequest *request, struct limits *limits,
                  struct arena *arena, struct job_spec *out, struct err *err)
{
    struct job_spec spec = {.limit = request->limit};
    if (!convert_text(request->type, "type", CONVERT_MAX_NAME, &spec.type, err) ||
        !convert_text(request->format, "format", CONVERT_MAX_NAME, &spec.format, err) ||
        !convert_text(request->webhook_url, "webhook_url", CONVERT_MAX_URL, &spec.webhook_url,
                      err) ||
        !check_count(request->n_filters, "filters", limits, LIMIT_FILTERS, err) ||
        !check_count(request->n_columns, "columns", limits, LIMIT_COLUMNS, err) ||
        !check_values(request, limits, err) || !take_filters(request, arena, &spec, err) ||
        !take_columns(request, arena, &spec, err) ||
        !take_presentation(request->presentation, &spec.presentation, err))
        return false;
    *out = spec;
    return true;
}

static bool state_bit(Exportqueue__V1__JobState state, unsigned *out)
{
    for (unsigned i = 0; i < JOB_STATE_COUNT; i++)
        if (convert_state((enum job_state)i) == state) {
            *out |= BIT(i);
            return true;
        }
    return false;
}

bool convert_list_request(const Exportqueue__V1__ListJobsRequest *request,
                          struct exports_list_request *out, struct err *err)
{
    struct exports_list_request list = {.page_size = request->page_size,
                                        .has_all_owners = request->all_owners};
    for (size_t i = 0; i < request->n_states; i++)
        if (!state_bit(request->states[i], &list.states))
            return convert_refuse_number(&exportqueue__v1__job_state__descriptor,
                                         (int)request->states[i], "states", err);
    if (!convert_text(request->type, "type", CONVERT_MAX_NAME, &list.type, err) ||
        !convert_text(request->request_id, "request_id", CONVERT_MAX_URL, &list.request_id, err) ||
        !convert_text(request->page_token, "page_token", CONVERT_MAX_NAME, &list.page_token, err))
        return false;
    *out = list;
    return true;
}
