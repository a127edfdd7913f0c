/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics.h. Here: what is counted as it happens. What is asked for when it is written is in
 * metrics_write.c.
 */
#include "server/metrics.h"

#include "base/mem.h"
#include "export/writer.h"
#include "exportqueue/v1/export.pb-c.h"
#include "queue/audit.h"
#include "rpc/status.h"
#include "server/exports.h"
#include "server/metrics_own.h"

enum { RPC_STATUSES = 17 };

/* Of the services that rpc/ brings along. */
static const char *const rpc_own_methods[] = {"Check", "Watch", "ServerReflectionInfo"};

static const char *const http_methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                           "PATCH", "DELETE", "OPTIONS"};

static const char *const http_codes[] = {
    "200", "201", "202", "204", "206", "301", "302", "304", "400", "401", "403",
    "404", "405", "406", "408", "409", "410", "411", "412", "413", "414", "415",
    "416", "422", "429", "431", "500", "501", "502", "503", "504",
};

static const char *const ends[] = {"completed", "failed", "cancelled"};
static const char *const results[] = {"whole", "broken"};

/* ---- What labels may say ---- */

static const char **new_texts(struct metrics *metrics, size_t count)
{
    return arena_alloc_array(&metrics->arena, count, sizeof(const char *));
}

static struct metric_values types_of(struct metrics *metrics, const struct catalog *catalog)
{
    size_t count = catalog ? catalog_count(catalog) : 0;
    const char **names = new_texts(metrics, count);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_copy_text(&metrics->arena, catalog_at(catalog, i)->name);
    return (struct metric_values){names, count};
}

static struct metric_values all_formats(struct metrics *metrics)
{
    const char **names = new_texts(metrics, format_count);
    for (size_t i = 0; i < format_count; i++)
        names[i] = formats[i]->name;
    return (struct metric_values){names, format_count};
}

/* What an attempt may fail with: a class of its own, or a fault of the request or of ours. */
static struct metric_values failure_codes(struct metrics *metrics)
{
    enum { FIRST = ERR_SOURCE_UNAVAILABLE, COUNT = ERR_CODE_COUNT - FIRST + 2 };
    const char **names = new_texts(metrics, COUNT);
    size_t count = 0;
    names[count++] = err_code_name(ERR_INVALID);
    names[count++] = err_code_name(ERR_INTERNAL);
    for (unsigned code = FIRST; code < ERR_CODE_COUNT; code++)
        names[count++] = err_code_name((enum err_code)code);
    return (struct metric_values){names, count};
}

static struct metric_values rpc_methods(struct metrics *metrics)
{
    const ProtobufCServiceDescriptor *service = &exportqueue__v1__export_service__descriptor;
    size_t count = service->n_methods;
    const char **names = new_texts(metrics, count + COUNT_OF(rpc_own_methods));
    for (size_t i = 0; i < count; i++)
        names[i] = service->methods[i].name;
    for (size_t i = 0; i < COUNT_OF(rpc_own_methods); i++)
        names[count++] = rpc_own_methods[i];
    return (struct metric_values){names, count};
}

static struct metric_values rpc_codes(struct metrics *metrics)
{
    const char **names = new_texts(metrics, RPC_STATUSES);
    for (int i = 0; i < RPC_STATUSES; i++)
        names[i] = rpc_status_name(i);
    return (struct metric_values){names, RPC_STATUSES};
}

static struct metric_values file_operations(struct metrics *metrics)
{
    const char **names = new_texts(metrics, FILES_OPERATION_COUNT);
    for (unsigned i = 0; i < FILES_OPERATION_COUNT; i++)
        names[i] = files_operation_name((enum files_operation)i);
    return (struct metric_values){names, FILES_OPERATION_COUNT};
}

/* ---- Life ---- */

static void make(struct metrics *metrics, enum metric_id id, struct metric_values first,
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
    make(metrics, METRIC_JOBS_CREATED, types, all, none);
    make(metrics, METRIC_JOBS_FINISHED, types, all, (struct metric_values){ends, COUNT_OF(ends)});
    make(metrics, METRIC_JOB_WAIT, types, all, none);
    make(metrics, METRIC_JOB_RUN, types, all, none);
    make(metrics, METRIC_WRITTEN_ROWS, types, all, none);
    make(metrics, METRIC_WRITTEN_BYTES, types, all, none);
    make(metrics, METRIC_JOB_RETRIES, codes, none, none);
    make(metrics, METRIC_JOB_FAILURES, codes, none, none);
}

static void make_of_doors(struct metrics *metrics, const struct metrics_options *options)
{
    const struct metric_values none = {NULL, 0};
    const struct metric_values methods = rpc_methods(metrics);
    const struct metric_values operations = file_operations(metrics);
    const struct metric_values routes = {options->http_routes, options->http_route_count};
    make(metrics, METRIC_FILE_OPERATION, operations, none, none);
    make(metrics, METRIC_FILE_ERRORS, operations, none, none);
    make(metrics, METRIC_DOWNLOADS_FINISHED, (struct metric_values){results, COUNT_OF(results)},
         none, none);
    make(metrics, METRIC_DOWNLOADED_BYTES, none, none, none);
    make(metrics, METRIC_RPC_CALLS, methods, rpc_codes(metrics), none);
    make(metrics, METRIC_RPC_DURATION, methods, none, none);
    make(metrics, METRIC_HTTP_REQUESTS, routes,
         (struct metric_values){http_methods, COUNT_OF(http_methods)},
         (struct metric_values){http_codes, COUNT_OF(http_codes)});
    make(metrics, METRIC_HTTP_DURATION, routes, none, none);
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
    make_of_doors(metrics, options);
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

static void add(struct metrics *metrics, enum metric_id id, const struct str *labels,
                uint64_t count)
{
    metric_add(metrics->counted[id], labels, count);
}

static void observe(struct metrics *metrics, enum metric_id id, const struct str *labels,
                    double seconds)
{
    metric_observe(metrics->counted[id], labels, seconds);
}

static void job_ended(struct metrics *metrics, const struct job *job, const char *state)
{
    const struct str labels[] = {job->spec.type, job->spec.format, str_of(state)};
    add(metrics, METRIC_JOBS_FINISHED, labels, 1);
}

static void job_started(void *target, const struct job *job, double wait_s)
{
    observe(target, METRIC_JOB_WAIT, (struct str[]){job->spec.type, job->spec.format}, wait_s);
}

static void job_completed(void *target, const struct job *job, const struct job_file *file,
                          double run_s)
{
    const struct str labels[] = {job->spec.type, job->spec.format};
    job_ended(target, job, "completed");
    observe(target, METRIC_JOB_RUN, labels, run_s);
    add(target, METRIC_WRITTEN_ROWS, labels, (uint64_t)file->rows);
    add(target, METRIC_WRITTEN_BYTES, labels, (uint64_t)file->size);
}

static void job_failed(void *target, const struct job *job)
{
    const struct str code[] = {str_of(err_code_name(job->error.code))};
    if (job->state == JOB_QUEUED) {
        add(target, METRIC_JOB_RETRIES, code, 1);
        return;
    }
    job_ended(target, job, "failed");
    add(target, METRIC_JOB_FAILURES, code, 1);
}

const struct job_listener *metrics_job_listener(struct metrics *metrics)
{
    return &metrics->jobs;
}

void metrics_acts(struct metrics *metrics, unsigned acts, const struct job *job)
{
    const struct str labels[] = {job->spec.type, job->spec.format};
    if (!metrics)
        return;
    if (acts & BIT(AUDIT_CREATE))
        add(metrics, METRIC_JOBS_CREATED, labels, 1);
    if (acts & BIT(AUDIT_CANCEL))
        job_ended(metrics, job, "cancelled");
}

/* ---- Files and downloads ---- */

static void file_told(void *target, enum files_operation operation, bool is_ok, double seconds)
{
    const struct str labels[] = {str_of(files_operation_name(operation))};
    observe(target, METRIC_FILE_OPERATION, labels, seconds);
    if (!is_ok)
        add(target, METRIC_FILE_ERRORS, labels, 1);
}

struct files_listener metrics_files_listener(struct metrics *metrics)
{
    return (struct files_listener){file_told, metrics};
}

void metrics_download_ended(struct metrics *metrics, int64_t bytes, bool is_whole)
{
    if (!metrics)
        return;
    add(metrics, METRIC_DOWNLOADS_FINISHED, (struct str[]){str_of(results[is_whole ? 0 : 1])}, 1);
    if (bytes > 0)
        add(metrics, METRIC_DOWNLOADED_BYTES, NULL, (uint64_t)bytes);
}

/* ---- Doors ---- */

void metrics_felt(struct metrics *metrics, const struct exports_health *health)
{
    if (!metrics)
        return;
    pthread_mutex_lock(&metrics->mutex);
    metrics->felt = (struct metrics_felt){
        .is_store_reachable = health->is_store_reachable,
        .store_latency_s = health->store_latency_ms / 1e3,
        .counters = health->counters,
    };
    pthread_mutex_unlock(&metrics->mutex);
}

/* "/package.Service/Method" without what is before the method. */
static struct str name_of(struct str method)
{
    const char *slash = method.len ? memrchr(method.ptr, '/', method.len) : NULL;
    if (!slash)
        return method;
    return (struct str){slash + 1, (size_t)(method.ptr + method.len - slash - 1)};
}

void metrics_rpc_ended(void *exports, struct str method, int status, double seconds)
{
    struct metrics *metrics = ((const struct exports *)exports)->metrics;
    const struct str labels[] = {name_of(method), str_of(rpc_status_name(status))};
    if (!metrics)
        return;
    add(metrics, METRIC_RPC_CALLS, labels, 1);
    observe(metrics, METRIC_RPC_DURATION, labels, seconds);
}

void metrics_http_request(struct metrics *metrics, const char *route, const char *method,
                          unsigned status, double seconds)
{
    char code[sizeof "4294967295"];
    (void)snprintf(code, sizeof code, "%u", status);
    const struct str labels[] = {str_of(route), str_of(method), str_of(code)};
    if (!metrics)
        return;
    add(metrics, METRIC_HTTP_REQUESTS, labels, 1);
    observe(metrics, METRIC_HTTP_DURATION, labels, seconds);
}
