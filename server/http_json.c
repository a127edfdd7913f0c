/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_json.h.
 */
#include "server/http_json.h"

#include "export/writer.h"
#include "server/http_answer.h"

enum { MS_PER_S = 1000 };

static const char *const states[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running",     [JOB_COMPLETED] = "completed",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled", [JOB_EXPIRED] = "expired",
};

static const char *const phases[] = {
    [PHASE_QUEUED] = "QUEUED",       [PHASE_QUERYING] = "QUERYING", [PHASE_WRITING] = "WRITING",
    [PHASE_FINISHING] = "FINISHING", [PHASE_STORING] = "STORING",
};

static const char *const total_kinds[] = {
    [TOTAL_UNKNOWN] = "UNKNOWN", [TOTAL_ESTIMATED] = "ESTIMATED", [TOTAL_EXACT] = "EXACT"};

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *texts(const struct str *all, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, http_answer_text(all[i]));
    return array;
}

/* Null where it is empty. */
static json_t *text_or_null(struct str text)
{
    return str_is_empty(text) ? json_null() : http_answer_text(text);
}

static json_t *error_of(const struct job_error *error)
{
    if (error->code == ERR_NONE)
        return json_null();
    return json_pack("{s:s, s:o, s:b}", "code", err_code_name(error->code), "message",
                     http_answer_text(error->message), "retryable",
                     (int)err_code_is_retryable(error->code));
}

static json_t *progress_of(const struct job_progress *progress)
{
    bool is_known = progress->total_kind != TOTAL_UNKNOWN;
    return json_pack("{s:s, s:I, s:o, s:s, s:I}", "phase", phases[progress->phase], "rowsDone",
                     (json_int_t)progress->rows_done, "rowsTotal",
                     is_known ? json_integer(progress->rows_total) : json_null(), "rowsTotalKind",
                     total_kinds[progress->total_kind], "bytesWritten",
                     (json_int_t)progress->bytes_written);
}

static json_t *warnings_of(const struct job_warnings *warnings)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:i}", "cellsGuarded",
                     (json_int_t)warnings->cells_guarded, "nonFinite",
                     (json_int_t)warnings->non_finite, "textReplaced",
                     (json_int_t)warnings->text_replaced, "keptAsText",
                     (json_int_t)warnings->kept_as_text, "sheets", (int)warnings->sheets);
}

/* What was asked for, in the words of the request. */
static json_t *params_of(const struct job_spec *spec)
{
    json_t *params = json_object();
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct job_filter *filter = &spec->filters[i];
        json_t *value = filter->value_count == 1 ? http_answer_text(filter->values[0])
                                                 : texts(filter->values, filter->value_count);
        (void)json_object_setn_new(params, filter->name.ptr, filter->name.len, value);
    }
    if (spec->limit)
        set(params, "limit", json_integer(spec->limit));
    if (spec->column_count)
        set(params, "selectedColumns", texts(spec->columns, spec->column_count));
    return params;
}

static void set_text(json_t *object, const char *key, struct str text)
{
    if (!str_is_empty(text))
        set(object, key, http_answer_text(text));
}

static void set_word(json_t *object, const char *key, const char *word)
{
    if (word)
        set(object, key, json_string(word));
}

/* The same of how the file looks: what was not asked for is left out. */
static json_t *presentation_of(const struct job_presentation *asked)
{
    static const char *const newlines[] = {[NEWLINE_LF] = "lf", [NEWLINE_CRLF] = "crlf"};
    static const char *const compressions[] = {
        [COMPRESSION_GZIP] = "gzip", [COMPRESSION_ZSTD] = "zstd"};
    json_t *out = json_object();
    set_text(out, "locale", asked->locale);
    set_text(out, "timeZone", asked->time_zone);
    set_text(out, "delimiter", (struct str){&asked->delimiter, asked->delimiter ? 1 : 0});
    set_text(out, "nullText", asked->null_text);
    set_word(out, "newline", newlines[asked->newline]);
    set_word(out, "compression", compressions[asked->compression]);
    set_word(out, "dialect", asked->dialect == DIALECT_EXCEL ? "excel" : NULL);
    set_word(out, "header", asked->has_titles ? "titles" : NULL);
    set_word(out, "exactNumbers", asked->has_exact_numbers_text ? "string" : NULL);
    if (asked->has_bom)
        set(out, "bom", json_true());
    if (asked->is_unguarded)
        set(out, "formulaGuard", json_false());
    if (asked->has_places)
        set(out, "places", json_integer(asked->places));
    return out;
}

static bool is_used_up(const struct exports *exports, const struct job *job)
{
    return exports->downloads_per_job && job->downloads_used >= exports->downloads_per_job;
}

static void put_file(json_t *out, const struct exports *exports, const struct job *job)
{
    bool has_file = !str_is_empty(job->file.name);
    set(out, "filename", text_or_null(job->file.name));
    set(out, "contentType", text_or_null(job->file.content_type));
    set(out, "size", has_file ? json_integer(job->file.size) : json_null());
    set(out, "rows", has_file ? json_integer(job->file.rows) : json_null());
    set(out, "sha256", text_or_null(job->file.sha256));
    set(out, "downloadToken", json_null());
    set(out, "tokenExpiresAt", json_null());
    set(out, "tokenConsumed", json_boolean(job->state == JOB_EXPIRED || is_used_up(exports, job)));
}

json_t *http_json_job(const struct exports *exports, const struct job *job)
{
    char id[UUID_TEXT_LEN + 1];
    json_t *out = json_object();
    uuid_format(job->id, id);
    set(out, "id", json_string(id));
    set(out, "type", http_answer_text(job->spec.type));
    set(out, "format", http_answer_text(job->spec.format));
    set(out, "status", json_string(states[job->state]));
    set(out, "params", params_of(&job->spec));
    set(out, "presentation", presentation_of(&job->spec.presentation));
    set(out, "webhookUrl", text_or_null(job->spec.webhook_url));
    set(out, "owner", http_answer_text(job->owner));
    set(out, "requestId", text_or_null(job->request_id));
    set(out, "traceParent", text_or_null(job->trace_parent));
    set(out, "traceState", text_or_null(job->trace_state));
    set(out, "attempt", json_integer(job->attempt));
    set(out, "maxAttempts", json_integer(job->max_attempts));
    set(out, "createdAt", http_answer_time(job->created_ms));
    set(out, "startedAt", http_answer_time(job->started_ms));
    set(out, "completedAt", http_answer_time(job->completed_ms));
    set(out, "nextAttemptAt", http_answer_time(job->next_attempt_ms));
    set(out, "expiresAt", http_answer_time(job->expires_ms));
    set(out, "error", error_of(&job->error));
    set(out, "progress", progress_of(&job->progress));
    set(out, "warnings", warnings_of(&job->warnings));
    put_file(out, exports, job);
    return out;
}

static json_t *columns_of(const struct export_type *type)
{
    json_t *columns = json_array();
    for (size_t i = 0; i < type->column_count; i++) {
        const struct column *column = &type->columns[i];
        (void)json_array_append_new(columns, json_pack("{s:o, s:o, s:s, s:b}", "name",
                                                       http_answer_text(column->name), "title",
                                                       http_answer_text(column->title), "type",
                                                       column_type_name(column->type), "isDefault",
                                                       (int)column->is_default));
    }
    return columns;
}

static json_t *filters_of(const struct export_type *type)
{
    json_t *filters = json_array();
    for (size_t i = 0; i < type->filter_count; i++) {
        const struct filter *filter = &type->filters[i];
        (void)json_array_append_new(
            filters, json_pack("{s:o, s:s, s:o, s:b, s:o}", "name", http_answer_text(filter->name),
                               "type", filter_type_name(filter->type), "description",
                               http_answer_text(filter->description), "isList",
                               (int)(filter->type == FILTER_TEXT_LIST), "choices",
                               texts(filter->choices, filter->choice_count)));
    }
    return filters;
}

json_t *http_json_type(const struct export_type *type)
{
    json_t *names = json_array();
    for (size_t i = 0; i < format_count; i++)
        (void)json_array_append_new(names, json_string(formats[i]->name));
    return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o}", "name", http_answer_text(type->name),
                     "title", http_answer_text(type->title), "shared", (int)type->is_shared,
                     "formats", names, "columns", columns_of(type), "filters", filters_of(type));
}

static json_t *methods_of(const struct identity *identity)
{
    static const char *const names[] = {"jwt", "key", "mtls"};
    json_t *methods = json_array();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (identity_takes(identity, str_of(names[i])))
            (void)json_array_append_new(methods, json_string(names[i]));
    if (identity_is_open(identity))
        (void)json_array_append_new(methods, json_string("none"));
    return methods;
}

static json_t *limits_of(const struct exports_health *health)
{
    json_t *limits = json_array();
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_use *use = &health->limits[i];
        (void)json_array_append_new(limits, json_pack("{s:s, s:I, s:I, s:I}", "name", use->name,
                                                      "limit", (json_int_t)use->most, "inUse",
                                                      (json_int_t)use->in_use, "refused",
                                                      (json_int_t)use->refused));
    }
    return limits;
}

static void put_counters(json_t *out, const struct exports_health *health)
{
    const struct store_counters *counters = &health->counters;
    set(out, "queued", json_integer(counters->queued));
    set(out, "running", json_integer(counters->running));
    set(out, "processed", json_integer(counters->processed));
    set(out, "failed", json_integer(counters->failed));
    set(out, "retried", json_integer(counters->retried));
    set(out, "cancelled", json_integer(counters->cancelled));
    set(out, "avgDurationMs", json_real((double)counters->avg_duration_ms));
}

json_t *http_json_health(const struct exports_health *health, const struct exports *exports)
{
    static const char *const statuses[] = {[EXPORTS_OK] = "ok",
                                           [EXPORTS_DEGRADED] = "degraded",
                                           [EXPORTS_DRAINING] = "draining",
                                           [EXPORTS_DISABLED] = "disabled"};
    json_t *out =
        json_pack("{s:s, s:s, s:I, s:s, s:o, s:{s:b, s:f}}", "status", statuses[health->status],
                  "mode", health->is_persistent ? "persistent" : "memory", "uptime",
                  (json_int_t)(health->uptime_ms / MS_PER_S), "version", EXPORTQ_VERSION, "auth",
                  methods_of(exports->identity), "store", "reachable",
                  (int)health->is_store_reachable, "latencyMs", health->store_latency_ms);
    if (health->has_counters)
        put_counters(out, health);
    if (health->is_told_all)
        set(out, "limits", limits_of(health));
    return out;
}
