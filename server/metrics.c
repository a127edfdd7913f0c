/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics.h. Here: what is counted as it happens, in both programs. What is asked for when it
 * is written is in metrics_write.c.
 */
#include "server/metrics.h"

#include "base/mem.h"
#include "export/writer.h"
#include "server/metrics_own.h"

static const char *const http_methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                           "PATCH", "DELETE", "OPTIONS"};

static const char *const http_codes[] = {
    "200", "201", "202", "204", "206", "301", "302", "304", "400", "401", "403",
    "404", "405", "406", "408", "409", "410", "411", "412", "413", "414", "415",
    "416", "422", "429", "431", "500", "501", "502", "503", "504",
};

static const char *const ends[] = {"completed", "failed", "cancelled"};

/* ---- What labels may say ---- */

const char **metrics_new_texts(struct metrics *metrics, size_t count)
{
    return arena_alloc_array(&metrics->arena, count, sizeof(const char *));
}

static struct metric_values types_of(struct metrics *metrics, const struct catalog *catalog)
{
    size_t count = catalog ? catalog_count(catalog) : 0;
    const char **names = metrics_new_texts(metrics, count);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_copy_text(&metrics->arena, catalog_at(catalog, i)->name);
    return (struct metric_values){names, count};
}

static struct metric_values all_formats(struct metrics *metrics)
{
    const char **names = metrics_new_texts(metrics, format_count);
    for (size_t i = 0; i < format_count; i++)
        names[i] = formats[i]->name;
    return (struct metric_values){names, format_count};
}

/* What an attempt may fail with: a class of its own, or a fault of the request or of ours. */
static struct metric_values failure_codes(struct metrics *metrics)
{
    enum { FIRST = ERR_SOURCE_UNAVAILABLE, COUNT = ERR_CODE_COUNT - FIRST + 2 };
    const char **names = metrics_new_texts(metrics, COUNT);
    size_t count = 0;
    names[count++] = err_code_name(ERR_INVALID);
    names[count++] = err_code_name(ERR_INTERNAL);
    for (unsigned code = FIRST; code < ERR_CODE_COUNT; code++)
        names[count++] = err_code_name((enum err_code)code);
    return (struct metric_values){names, count};
}

static struct metric_values file_operations(struct metrics *metrics)
{
    const char **names = metrics_new_texts(metrics, FILES_OPERATION_COUNT);
    for (unsigned i = 0; i < FILES_OPERATION_COUNT; i++)
        names[i] = files_operation_name((enum files_operation)i);
    return (struct metric_values){names, FILES_OPERATION_COUNT};
}

/* ---- Life ---- */

void metrics_make(struct metrics *metrics, enum metric_id id, struct metric_values first,
                  struct metric_values second, struct metric_values third)
{
    const struct metric_values values[METRIC_MAX_LABELS] = {first, second, third};
    metrics->counted[id] = metric_new(&metric_families[id], values);
}

static void make_of_jobs(struct metrics *metrics, const struct catalog *catalog)
{
    const struct metric_values none = {NULL, 0};
    const struct metric_values types = types_of(metrics, catalog);
    const struct metric_values all = all_formats(metrics);
    const struct metric_values codes = failure_codes(metrics);
    metrics->types = types;
    metrics->formats = all;
    metrics_make(metrics, METRIC_JOBS_FINISHED, types, all,
                 (struct metric_values){ends, COUNT_OF(ends)});
    metrics_make(metrics, METRIC_JOB_WAIT, types, all, none);
    metrics_make(metrics, METRIC_JOB_RUN, types, all, none);
    metrics_make(metrics, METRIC_WRITTEN_ROWS, types, all, none);
    metrics_make(metrics, METRIC_WRITTEN_BYTES, types, all, none);
    metrics_make(metrics, METRIC_JOB_RETRIES, codes, none, none);
    metrics_make(metrics, METRIC_JOB_FAILURES, codes, none, none);
}

static void make_of_door(struct metrics *metrics, const struct metrics_options *options)
{
    const struct metric_values none = {NULL, 0};
    const struct metric_values operations = file_operations(metrics);
    const struct metric_values routes = {options->http_routes, options->http_route_count};
    metrics_make(metrics, METRIC_FILE_OPERATION, operations, none, none);
    metrics_make(metrics, METRIC_FILE_ERRORS, operations, none, none);
    metrics_make(metrics, METRIC_HTTP_REQUESTS, routes,
                 (struct metric_values){http_methods, COUNT_OF(http_methods)},
                 (struct metric_values){http_codes, COUNT_OF(http_codes)});
    metrics_make(metrics, METRIC_HTTP_DURATION, routes, none, none);
}

static void job_started(void *target, const struct job *job, double wait_s);
static void job_completed(void *target, const struct job *job, const struct job_file *file,
                          double run_s);
static void job_failed(void *target, const struct job *job);

struct metrics *metrics_new(const struct metrics_options *options)
{
    struct metrics *metrics = mem_new(struct metrics);
    metrics->jobs = (struct job_listener){job_started, job_completed, job_failed, metrics};
    pthread_mutex_init(&metrics->mutex, NULL);
    make_of_jobs(metrics, options->catalog);
    make_of_door(metrics, options);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < METRIC_ID_COUNT; i++)
        metric_free(metrics->counted[i]);
    pthread_mutex_destroy(&metrics->mutex);
    arena_done(&metrics->arena);
    free(metrics);
}

void metrics_set_sources(struct metrics *metrics, const struct metrics_sources *sources)
{
    metrics->sources = *sources;
}

/* ---- Jobs ---- */

void metrics_count(struct metrics *metrics, enum metric_id id, const struct str *labels,
                   uint64_t count)
{
    metric_add(metrics->counted[id], labels, count);
}

void metrics_observe(struct metrics *metrics, enum metric_id id, const struct str *labels,
                     double seconds)
{
    metric_observe(metrics->counted[id], labels, seconds);
}

void metrics_job_ended(struct metrics *metrics, const struct job *job, const char *state)
{
    const struct str labels[] = {job->spec.type, job->spec.format, str_of(state)};
    metrics_count(metrics, METRIC_JOBS_FINISHED, labels, 1);
}

static void job_started(void *target, const struct job *job, double wait_s)
{
    metrics_observe(target, METRIC_JOB_WAIT, (struct str[]){job->spec.type, job->spec.format},
                    wait_s);
}

static void job_completed(void *target, const struct job *job, const struct job_file *file,
                          double run_s)
{
    const struct str labels[] = {job->spec.type, job->spec.format};
    metrics_job_ended(target, job, "completed");
    metrics_observe(target, METRIC_JOB_RUN, labels, run_s);
    metrics_count(target, METRIC_WRITTEN_ROWS, labels, (uint64_t)file->rows);
    metrics_count(target, METRIC_WRITTEN_BYTES, labels, (uint64_t)file->size);
}

static void job_failed(void *target, const struct job *job)
{
    const struct str code[] = {str_of(err_code_name(job->error.code))};
    if (job->state == JOB_QUEUED) {
        metrics_count(target, METRIC_JOB_RETRIES, code, 1);
        return;
    }
    metrics_job_ended(target, job, "failed");
    metrics_count(target, METRIC_JOB_FAILURES, code, 1);
}

const struct job_listener *metrics_job_listener(struct metrics *metrics)
{
    return &metrics->jobs;
}

/* ---- Files and the HTTP door ---- */

static void file_told(void *target, enum files_operation operation, bool is_ok, double seconds)
{
    const struct str labels[] = {str_of(files_operation_name(operation))};
    metrics_observe(target, METRIC_FILE_OPERATION, labels, seconds);
    if (!is_ok)
        metrics_count(target, METRIC_FILE_ERRORS, labels, 1);
}

struct files_listener metrics_files_listener(struct metrics *metrics)
{
    return (struct files_listener){file_told, metrics};
}

void metrics_http_request(struct metrics *metrics, const char *route, const char *method,
                          unsigned status, double seconds)
{
    char code[sizeof "4294967295"];
    (void)snprintf(code, sizeof code, "%u", status);
    const struct str labels[] = {str_of(route), str_of(method), str_of(code)};
    if (!metrics)
        return;
    metrics_count(metrics, METRIC_HTTP_REQUESTS, labels, 1);
    metrics_observe(metrics, METRIC_HTTP_DURATION, labels, seconds);
}
