/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Here: what goes out. Enums are mapped by tables, so that neither side's numbers
 * leak to the other.
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

Exportqueue__V1__JobState convert_state(enum job_state state)
{
    return proto_states[state];
}

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

static Exportqueue__V1__Compression compression_of(enum job_compression compression)
{
    switch (compression) {
    case COMPRESSION_NONE:
        return EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_NONE;
    case COMPRESSION_GZIP:
        return EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP;
    case COMPRESSION_ZSTD:
        return EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD;
    }
    return EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_UNSPECIFIED; /* of a newer version's job */
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
    out->null_text = arena_copy_text(arena, asked->null_text);
    if (asked->has_places) {
        static const Exportqueue__V1__Places none = EXPORTQUEUE__V1__PLACES__INIT;
        out->places = copy_of(arena, &none, sizeof none);
        out->places->digits = asked->places;
    }
    if (asked->newline == NEWLINE_LF)
        out->newline = EXPORTQUEUE__V1__NEWLINE__NEWLINE_LF;
    if (asked->newline == NEWLINE_CRLF)
        out->newline = EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF;
    if (asked->compression != COMPRESSION_NONE)
        out->compression = compression_of(asked->compression);
    if (asked->has_titles)
        out->header = EXPORTQUEUE__V1__HEADER__HEADER_TITLES;
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

Exportqueue__V1__File *convert_file(const struct job *job, struct arena *arena)
{
    const struct job_file *file = &job->file;
    static const Exportqueue__V1__File initial = EXPORTQUEUE__V1__FILE__INIT;
    Exportqueue__V1__File *out = copy_of(arena, &initial, sizeof initial);
    out->name = arena_copy_text(arena, file->name);
    out->content_type = arena_copy_text(arena, file->content_type);
    out->size = file->size;
    out->sha256 = arena_copy_text(arena, file->sha256);
    out->rows = file->rows;
    out->compression = compression_of(job->spec.presentation.compression);
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
    out->trace_parent = arena_copy_text(arena, job->trace_parent);
    out->trace_state = arena_copy_text(arena, job->trace_state);
    out->state = proto_states[job->state];
    out->attempt = job->attempt;
    out->max_attempts = job->max_attempts;
    out->progress = progress_of(&job->progress, arena);
    out->warnings = warnings_of(&job->warnings, arena);
    out->error = error_of(&job->error, arena);
    out->file = str_is_empty(job->file.name) ? NULL : convert_file(job, arena);
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

static void put_limits(const struct exports_health *health, struct arena *arena,
                       Exportqueue__V1__HealthResponse *out)
{
    static const Exportqueue__V1__LimitUse initial = EXPORTQUEUE__V1__LIMIT_USE__INIT;
    out->n_limits = LIMIT_COUNT;
    out->limits = arena_alloc_array(arena, LIMIT_COUNT, sizeof(void *));
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_use *use = &health->limits[i];
        out->limits[i] = copy_of(arena, &initial, sizeof initial);
        out->limits[i]->name = arena_copy_text(arena, str_of(use->name));
        out->limits[i]->limit = use->most;
        out->limits[i]->in_use = use->in_use;
        out->limits[i]->refused = use->refused;
    }
}

void convert_health(const struct exports_health *health, struct arena *arena,
                    Exportqueue__V1__HealthResponse *out)
{
    static const Google__Protobuf__Duration no_time = GOOGLE__PROTOBUF__DURATION__INIT;
    static const Exportqueue__V1__StoreHealth no_store = EXPORTQUEUE__V1__STORE_HEALTH__INIT;
    out->mode = health->is_persistent ? EXPORTQUEUE__V1__HEALTH_RESPONSE__MODE__MODE_PERSISTENT
                                      : EXPORTQUEUE__V1__HEALTH_RESPONSE__MODE__MODE_MEMORY;
    out->status = proto_statuses[health->status];
    out->uptime = copy_of(arena, &no_time, sizeof no_time);
    out->uptime->seconds = health->uptime_ms / MS_PER_S;
    out->uptime->nanos = (int32_t)(health->uptime_ms % MS_PER_S * NS_PER_MS);
    out->version = arena_copy_text(arena, STR(EXPORTQ_VERSION));
    out->has_counters = health->has_counters;
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
    if (health->is_told_all)
        put_limits(health, arena, out);
}
