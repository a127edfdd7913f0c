/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Enums are mapped by tables, so that neither side's numbers leak to the other.
 */
#include "server/convert.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

static const Exportqueue__V1__JobState proto_states[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_QUEUED,
    [JOB_RUNNING] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_RUNNING,
    [JOB_COMPLETED] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED,
    [JOB_FAILED] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_FAILED,
    [JOB_CANCELLED] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_CANCELLED,
    [JOB_EXPIRED] = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_EXPIRED,
};

static const Exportqueue__V1__Progress__Phase proto_phases[] = {
    [PHASE_QUEUED] = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_QUEUED,
    [PHASE_QUERYING] = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_QUERYING,
    [PHASE_WRITING] = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_WRITING,
    [PHASE_FINISHING] = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_FINISHING,
    [PHASE_STORING] = EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_STORING,
};

static const Exportqueue__V1__Progress__TotalKind proto_total_kinds[] = {
    [TOTAL_UNKNOWN] = EXPORTQUEUE__V1__PROGRESS__TOTAL_KIND__TOTAL_KIND_UNKNOWN,
    [TOTAL_ESTIMATED] = EXPORTQUEUE__V1__PROGRESS__TOTAL_KIND__TOTAL_KIND_ESTIMATED,
    [TOTAL_EXACT] = EXPORTQUEUE__V1__PROGRESS__TOTAL_KIND__TOTAL_KIND_EXACT,
};

static const Exportqueue__V1__HealthResponse__Status proto_statuses[] = {
    [EXPORTS_OK] = EXPORTQUEUE__V1__HEALTH_RESPONSE__STATUS__STATUS_OK,
    [EXPORTS_DEGRADED] = EXPORTQUEUE__V1__HEALTH_RESPONSE__STATUS__STATUS_DEGRADED,
    [EXPORTS_DRAINING] = EXPORTQUEUE__V1__HEALTH_RESPONSE__STATUS__STATUS_DRAINING,
    [EXPORTS_DISABLED] = EXPORTQUEUE__V1__HEALTH_RESPONSE__STATUS__STATUS_DISABLED,
};

/* ---- In ---- */

static bool take_text(const char *text, const char *field, size_t max, struct str *out,
                      struct err *err)
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
    if (!take_text(filter->name, field, CONVERT_MAX_NAME, &out->name, err))
        return false;
    (void)snprintf(field, sizeof field, "filters[%zu].values", index);
    if (filter->n_values > FILTER_MAX_VALUES)
        return err_set_field(err, field, "%s has %zu values; at most %d are accepted", field,
                             filter->n_values, FILTER_MAX_VALUES);
    struct str *values = arena_alloc_array(arena, filter->n_values, sizeof *values);
    for (size_t i = 0; i < filter->n_values; i++)
        if (!take_text(filter->values[i], field, FILTER_MAX_VALUE_BYTES, &values[i], err))
            return false;
    out->values = values;
    out->value_count = filter->n_values;
    return true;
}

static bool take_filters(const Exportqueue__V1__CreateJobRequest *request, struct arena *arena,
                         struct job_spec *out, struct err *err)
{
    if (request->n_filters > CONVERT_MAX_FILTERS)
        return err_set_field(err, "filters", "there are %zu filters; at most %d are accepted",
                             request->n_filters, CONVERT_MAX_FILTERS);
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
    if (request->n_columns > CONVERT_MAX_COLUMNS)
        return err_set_field(err, "columns", "there are %zu columns; at most %d are accepted",
                             request->n_columns, CONVERT_MAX_COLUMNS);
    struct str *columns = arena_alloc_array(arena, request->n_columns, sizeof *columns);
    for (size_t i = 0; i < request->n_columns; i++) {
        char field[ERR_FIELD_SIZE];
        (void)snprintf(field, sizeof field, "columns[%zu]", i);
        if (!take_text(request->columns[i], field, CONVERT_MAX_NAME, &columns[i], err))
            return false;
    }
    out->columns = columns;
    out->column_count = request->n_columns;
    return true;
}

static bool is_known(const ProtobufCEnumDescriptor *descriptor, int value, const char *field,
                     struct err *err)
{
    if (protobuf_c_enum_descriptor_get_value(descriptor, value))
        return true;
    return err_set_field(err, field, "%s is %d, which is no value of %s", field, value,
                         descriptor->short_name);
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

static bool take_presentation(const Exportqueue__V1__Presentation *asked,
                              struct job_presentation *out, struct err *err)
{
    struct str delimiter = {0};
    if (!asked)
        return true;
    if (!take_text(asked->locale, "presentation.locale", CONVERT_MAX_NAME, &out->locale, err) ||
        !take_text(asked->time_zone, "presentation.time_zone", CONVERT_MAX_NAME, &out->time_zone,
                   err) ||
        !take_text(asked->delimiter, "presentation.delimiter", CONVERT_MAX_NAME, &delimiter, err) ||
        !take_presentation_enums(asked, err))
        return false;
    if (delimiter.len > 1)
        return err_set_field(err, "presentation.delimiter",
                             "the delimiter has %zu bytes; give one ASCII character",
                             delimiter.len);
    out->delimiter = delimiter.len ? delimiter.ptr[0] : 0;
    out->has_bom = asked->bom;
    out->newline =
        asked->newline == EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF ? NEWLINE_CRLF : NEWLINE_LF;
    out->compression = compression_of(asked->compression);
    out->is_unguarded = asked->formula_guard == EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
    out->has_exact_numbers_text =
        asked->exact_numbers == EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING;
    out->dialect =
        asked->dialect == EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL ? DIALECT_EXCEL : DIALECT_RFC4180;
    return true;
}

bool convert_spec(const Exportqueue__V1__CreateJobRequest *request, struct arena *arena,
                  struct job_spec *out, struct err *err)
{
    struct job_spec spec = {.limit = request->limit};
    if (!take_text(request->type, "type", CONVERT_MAX_NAME, &spec.type, err) ||
        !take_text(request->format, "format", CONVERT_MAX_NAME, &spec.format, err) ||
        !take_text(request->webhook_url, "webhook_url", CONVERT_MAX_URL, &spec.webhook_url, err) ||
        !take_filters(request, arena, &spec, err) || !take_columns(request, arena, &spec, err) ||
        !take_presentation(request->presentation, &spec.presentation, err))
        return false;
    if (str_is_empty(spec.type))
        return err_set_field(err, "type",
                             "the type is missing; ListExportTypes tells what there is");
    *out = spec;
    return true;
}

static bool state_bit(Exportqueue__V1__JobState state, unsigned *out)
{
    for (unsigned i = 0; i < JOB_STATE_COUNT; i++)
        if (proto_states[i] == state) {
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
            return err_set_field(err, "states", "states has %d, which is no state of a job",
                                 (int)request->states[i]);
    if (!take_text(request->type, "type", CONVERT_MAX_NAME, &list.type, err) ||
        !take_text(request->request_id, "request_id", CONVERT_MAX_URL, &list.request_id, err) ||
        !take_text(request->page_token, "page_token", CONVERT_MAX_NAME, &list.page_token, err))
        return false;
    *out = list;
    return true;
}

/* ---- Out ---- */

/* A zeroed message with its defaults; X is the message's initialiser. */
static void *copy_of(struct arena *arena, const void *initial, size_t size)
{
    return memcpy(arena_alloc(arena, size), initial, size);
}

Google__Protobuf__Timestamp *convert_time(int64_t ms, struct arena *arena)
{
    static const Google__Protobuf__Timestamp initial = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    if (ms == 0)
        return NULL;
    Google__Protobuf__Timestamp *time = copy_of(arena, &initial, sizeof initial);
    time->seconds = ms / MS_PER_S;
    time->nanos = (int32_t)(ms % MS_PER_S * NS_PER_MS);
    return time;
}

static char **texts_of(const struct str *texts, size_t count, struct arena *arena)
{
    char **out = arena_alloc_array(arena, count, sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = arena_copy_text(arena, texts[i]);
    return out;
}

static void put_filters(const struct job_spec *spec, struct arena *arena, Exportqueue__V1__Job *out)
{
    static const Exportqueue__V1__Filter initial = EXPORTQUEUE__V1__FILTER__INIT;
    out->n_filters = spec->filter_count;
    out->filters = arena_alloc_array(arena, spec->filter_count, sizeof(void *));
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct job_filter *filter = &spec->filters[i];
        out->filters[i] = copy_of(arena, &initial, sizeof initial);
        out->filters[i]->name = arena_copy_text(arena, filter->name);
        out->filters[i]->n_values = filter->value_count;
        out->filters[i]->values = texts_of(filter->values, filter->value_count, arena);
    }
}

static Exportqueue__V1__Presentation *presentation_of(const struct job_presentation *asked,
                                                      struct arena *arena)
{
    static const Exportqueue__V1__Presentation initial = EXPORTQUEUE__V1__PRESENTATION__INIT;
    Exportqueue__V1__Presentation *out = copy_of(arena, &initial, sizeof initial);
    out->locale = arena_copy_text(arena, asked->locale);
    out->time_zone = arena_copy_text(arena, asked->time_zone);
    out->delimiter =
        arena_copy_text(arena, (struct str){&asked->delimiter, asked->delimiter ? 1 : 0});
    out->bom = asked->has_bom;
    if (asked->newline == NEWLINE_CRLF)
        out->newline = EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF;
    if (asked->compression == COMPRESSION_GZIP)
        out->compression = EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP;
    if (asked->compression == COMPRESSION_ZSTD)
        out->compression = EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD;
    if (asked->is_unguarded)
        out->formula_guard = EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
    if (asked->has_exact_numbers_text)
        out->exact_numbers = EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING;
    if (asked->dialect == DIALECT_EXCEL)
        out->dialect = EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL;
    return out;
}

static Exportqueue__V1__Progress *progress_of(const struct job_progress *progress,
                                              struct arena *arena)
{
    static const Exportqueue__V1__Progress initial = EXPORTQUEUE__V1__PROGRESS__INIT;
    Exportqueue__V1__Progress *out = copy_of(arena, &initial, sizeof initial);
    out->phase = proto_phases[progress->phase];
    out->rows_done = progress->rows_done;
    out->rows_total = progress->rows_total;
    out->total_kind = proto_total_kinds[progress->total_kind];
    out->bytes_written = progress->bytes_written;
    return out;
}

static Exportqueue__V1__Warnings *warnings_of(const struct job_warnings *warnings,
                                              struct arena *arena)
{
    static const Exportqueue__V1__Warnings initial = EXPORTQUEUE__V1__WARNINGS__INIT;
    Exportqueue__V1__Warnings *out = copy_of(arena, &initial, sizeof initial);
    out->cells_guarded = warnings->cells_guarded;
    out->non_finite = warnings->non_finite;
    out->text_replaced = warnings->text_replaced;
    out->kept_as_text = warnings->kept_as_text;
    out->sheets = warnings->sheets;
    return out;
}

static Exportqueue__V1__JobError *error_of(const struct job_error *error, struct arena *arena)
{
    static const Exportqueue__V1__JobError initial = EXPORTQUEUE__V1__JOB_ERROR__INIT;
    if (error->code == ERR_NONE)
        return NULL;
    Exportqueue__V1__JobError *out = copy_of(arena, &initial, sizeof initial);
    out->code = arena_copy_text(arena, str_of(err_code_name(error->code)));
    out->message = arena_copy_text(arena, error->message);
    out->retryable = err_code_is_retryable(error->code);
    return out;
}

Exportqueue__V1__File *convert_file(const struct job_file *file, struct arena *arena)
{
    static const Exportqueue__V1__File initial = EXPORTQUEUE__V1__FILE__INIT;
    Exportqueue__V1__File *out = copy_of(arena, &initial, sizeof initial);
    out->name = arena_copy_text(arena, file->name);
    out->content_type = arena_copy_text(arena, file->content_type);
    out->size = file->size;
    out->sha256 = arena_copy_text(arena, file->sha256);
    out->rows = file->rows;
    return out;
}

Exportqueue__V1__Job *convert_job(const struct job *job, struct arena *arena)
{
    static const Exportqueue__V1__Job initial = EXPORTQUEUE__V1__JOB__INIT;
    Exportqueue__V1__Job *out = copy_of(arena, &initial, sizeof initial);
    out->id = arena_alloc(arena, UUID_TEXT_LEN + 1);
    uuid_format(job->id, out->id);
    out->type = arena_copy_text(arena, job->spec.type);
    out->format = arena_copy_text(arena, job->spec.format);
    put_filters(&job->spec, arena, out);
    out->n_columns = job->spec.column_count;
    out->columns = texts_of(job->spec.columns, job->spec.column_count, arena);
    out->limit = job->spec.limit;
    out->presentation = presentation_of(&job->spec.presentation, arena);
    out->webhook_url = arena_copy_text(arena, job->spec.webhook_url);
    out->owner = arena_copy_text(arena, job->owner);
    out->request_id = arena_copy_text(arena, job->request_id);
    out->state = proto_states[job->state];
    out->attempt = job->attempt;
    out->max_attempts = job->max_attempts;
    out->progress = progress_of(&job->progress, arena);
    out->warnings = warnings_of(&job->warnings, arena);
    out->error = error_of(&job->error, arena);
    out->file = str_is_empty(job->file.name) ? NULL : convert_file(&job->file, arena);
    out->created = convert_time(job->created_ms, arena);
    out->started = convert_time(job->started_ms, arena);
    out->completed = convert_time(job->completed_ms, arena);
    out->next_attempt = convert_time(job->next_attempt_ms, arena);
    out->expires = convert_time(job->expires_ms, arena);
    return out;
}

static void put_columns(const struct export_type *type, struct arena *arena,
                        Exportqueue__V1__ExportType *out)
{
    static const Exportqueue__V1__ExportColumn initial = EXPORTQUEUE__V1__EXPORT_COLUMN__INIT;
    out->n_columns = type->column_count;
    out->columns = arena_alloc_array(arena, type->column_count, sizeof(void *));
    for (size_t i = 0; i < type->column_count; i++) {
        const struct column *column = &type->columns[i];
        out->columns[i] = copy_of(arena, &initial, sizeof initial);
        out->columns[i]->name = arena_copy_text(arena, column->name);
        out->columns[i]->title = arena_copy_text(arena, column->title);
        out->columns[i]->type = arena_copy_text(arena, str_of(column_type_name(column->type)));
        out->columns[i]->is_default = column->is_default;
    }
}

static void put_type_filters(const struct export_type *type, struct arena *arena,
                             Exportqueue__V1__ExportType *out)
{
    static const Exportqueue__V1__ExportFilter initial = EXPORTQUEUE__V1__EXPORT_FILTER__INIT;
    out->n_filters = type->filter_count;
    out->filters = arena_alloc_array(arena, type->filter_count, sizeof(void *));
    for (size_t i = 0; i < type->filter_count; i++) {
        const struct filter *filter = &type->filters[i];
        out->filters[i] = copy_of(arena, &initial, sizeof initial);
        out->filters[i]->name = arena_copy_text(arena, filter->name);
        out->filters[i]->type = arena_copy_text(arena, str_of(filter_type_name(filter->type)));
        out->filters[i]->description = arena_copy_text(arena, filter->description);
        out->filters[i]->n_values = filter->choice_count;
        out->filters[i]->values = texts_of(filter->choices, filter->choice_count, arena);
    }
}

Exportqueue__V1__ExportType *convert_type(const struct export_type *type, struct arena *arena)
{
    static const Exportqueue__V1__ExportType initial = EXPORTQUEUE__V1__EXPORT_TYPE__INIT;
    Exportqueue__V1__ExportType *out = copy_of(arena, &initial, sizeof initial);
    out->name = arena_copy_text(arena, type->name);
    out->title = arena_copy_text(arena, type->title);
    out->shared = type->is_shared;
    put_columns(type, arena, out);
    put_type_filters(type, arena, out);
    out->n_formats = format_count;
    out->formats = arena_alloc_array(arena, format_count, sizeof *out->formats);
    for (size_t i = 0; i < format_count; i++)
        out->formats[i] = arena_copy_text(arena, str_of(formats[i]->name));
    return out;
}

void convert_health(const struct exports_health *health, struct arena *arena,
                    Exportqueue__V1__HealthResponse *out)
{
    static const Google__Protobuf__Duration no_time = GOOGLE__PROTOBUF__DURATION__INIT;
    static const Exportqueue__V1__StoreHealth no_store = EXPORTQUEUE__V1__STORE_HEALTH__INIT;
    out->mode = EXPORTQUEUE__V1__HEALTH_RESPONSE__MODE__MODE_MEMORY;
    out->status = proto_statuses[health->status];
    out->uptime = copy_of(arena, &no_time, sizeof no_time);
    out->uptime->seconds = health->uptime_ms / MS_PER_S;
    out->uptime->nanos = (int32_t)(health->uptime_ms % MS_PER_S * NS_PER_MS);
    out->version = arena_copy_text(arena, STR(EXPORTQ_VERSION));
    out->queued = health->counters.queued;
    out->running = health->counters.running;
    out->processed = health->counters.processed;
    out->failed = health->counters.failed;
    out->retried = health->counters.retried;
    out->cancelled = health->counters.cancelled;
    out->avg_duration_ms = health->counters.avg_duration_ms;
    out->store = copy_of(arena, &no_store, sizeof no_store);
    out->store->reachable = health->is_store_reachable;
    out->store->latency_ms = health->store_latency_ms;
}
