/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics.h. Here: what exportqd alone tells, of the whole queue and of its doors.
 */
#include "exportqueue/v1/export.pb-c.h"
#include "queue/audit.h"
#include "rpc/status.h"
#include "server/exports.h"
#include "server/metrics_own.h"

enum { RPC_STATUSES = 17 };

/* Of the services that rpc/ brings along. */
static const char *const rpc_own_methods[] = {"Check", "Watch", "ServerReflectionInfo"};

static const char *const results[] = {"whole", "broken"};

static const char *const webhook_outcomes[] = {
    [DELIVERY_PENDING] = "failed",
    [DELIVERY_DELIVERED] = "delivered",
    [DELIVERY_GIVEN_UP] = "given_up",
};

/* ---- What labels may say ---- */

static struct metric_values rpc_methods(struct metrics *metrics)
{
    const ProtobufCServiceDescriptor *service = &exportqueue__v1__export_service__descriptor;
    size_t count = service->n_methods;
    const char **names = metrics_new_texts(metrics, count + COUNT_OF(rpc_own_methods));
    for (size_t i = 0; i < count; i++)
        names[i] = service->methods[i].name;
    for (size_t i = 0; i < COUNT_OF(rpc_own_methods); i++)
        names[count++] = rpc_own_methods[i];
    return (struct metric_values){names, count};
}

static struct metric_values rpc_codes(struct metrics *metrics)
{
    const char **names = metrics_new_texts(metrics, RPC_STATUSES);
    for (int i = 0; i < RPC_STATUSES; i++)
        names[i] = rpc_status_name(i);
    return (struct metric_values){names, RPC_STATUSES};
}

/* ---- Life ---- */

static void write_more(struct metrics *metrics, struct buf *out);

struct metrics *metrics_new_server(const struct metrics_options *options)
{
    struct metrics *metrics = metrics_new(options);
    const struct metric_values none = {NULL, 0};
    const struct metric_values methods = rpc_methods(metrics);
    metrics->write_more = write_more;
    metrics_make(metrics, METRIC_JOBS_CREATED, metrics->types, metrics->formats, none);
    metrics_make(metrics, METRIC_DOWNLOADS_FINISHED,
                 (struct metric_values){results, COUNT_OF(results)}, none, none);
    metrics_make(metrics, METRIC_DOWNLOADED_BYTES, none, none, none);
    metrics_make(metrics, METRIC_WEBHOOKS,
                 (struct metric_values){webhook_outcomes, COUNT_OF(webhook_outcomes)}, none, none);
    metrics_make(metrics, METRIC_RPC_CALLS, methods, rpc_codes(metrics), none);
    metrics_make(metrics, METRIC_RPC_DURATION, methods, none, none);
    return metrics;
}

/* ---- Who tells ---- */

void metrics_acts(struct metrics *metrics, unsigned acts, const struct job *job)
{
    const struct str labels[] = {job->spec.type, job->spec.format};
    if (!metrics)
        return;
    if (acts & BIT(AUDIT_CREATE))
        metrics_count(metrics, METRIC_JOBS_CREATED, labels, 1);
    if (acts & BIT(AUDIT_CANCEL))
        metrics_job_ended(metrics, job, "cancelled");
}

void metrics_download_ended(struct metrics *metrics, int64_t bytes, bool is_whole)
{
    if (!metrics)
        return;
    metrics_count(metrics, METRIC_DOWNLOADS_FINISHED,
                  (struct str[]){str_of(results[is_whole ? 0 : 1])}, 1);
    if (bytes > 0)
        metrics_count(metrics, METRIC_DOWNLOADED_BYTES, NULL, (uint64_t)bytes);
}

void metrics_webhook_tried(struct metrics *metrics, enum delivery_state outcome)
{
    if (metrics)
        metrics_count(metrics, METRIC_WEBHOOKS, (struct str[]){str_of(webhook_outcomes[outcome])},
                      1);
}

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
    metrics_count(metrics, METRIC_RPC_CALLS, labels, 1);
    metrics_observe(metrics, METRIC_RPC_DURATION, labels, seconds);
}

/* ---- What is asked for ---- */

/* What is of the whole queue is not told where the store did not answer: it is not zero. */
static void write_queue(struct metrics *metrics, struct buf *out)
{
    pthread_mutex_lock(&metrics->mutex);
    const struct metrics_felt felt = metrics->felt;
    pthread_mutex_unlock(&metrics->mutex);
    metrics_write_one(METRIC_STORE_UP, felt.is_store_reachable, out);
    metrics_write_one(METRIC_FILE_STORE_UP,
                      atomic_load(&metrics->sources.exports->is_file_store_ok), out);
    if (!felt.is_store_reachable)
        return;
    metric_write_head(&metric_families[METRIC_JOBS], out);
    metrics_write_labelled(METRIC_JOBS, "queued", (double)felt.counters.queued, out);
    metrics_write_labelled(METRIC_JOBS, "running", (double)felt.counters.running, out);
    metrics_write_one(METRIC_QUEUE_AGE, (double)felt.counters.queue_age_ms / 1e3, out);
    metrics_write_one(METRIC_STORE_LATENCY, felt.store_latency_s, out);
}

static void write_limits(const struct limit_use limits[LIMIT_COUNT], struct buf *out)
{
    metrics_write_one(METRIC_WATCHES_OPEN, (double)limits[LIMIT_WATCHES].in_use, out);
    metrics_write_one(METRIC_DOWNLOADS_OPEN, (double)limits[LIMIT_DOWNLOADS].in_use, out);
    metrics_write_one(METRIC_RPC_OPEN, (double)limits[LIMIT_CALLS].in_use, out);
    metric_write_head(&metric_families[METRIC_LIMIT], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        metrics_write_labelled(METRIC_LIMIT, limits[i].name, (double)limits[i].most, out);
    metric_write_head(&metric_families[METRIC_LIMIT_IN_USE], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        metrics_write_labelled(METRIC_LIMIT_IN_USE, limits[i].name, (double)limits[i].in_use, out);
    metric_write_head(&metric_families[METRIC_LIMIT_REFUSALS], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        metrics_write_labelled(METRIC_LIMIT_REFUSALS, limits[i].name, (double)limits[i].refused,
                               out);
}

static void write_more(struct metrics *metrics, struct buf *out)
{
    const struct metrics_sources *sources = &metrics->sources;
    struct limit_use limits[LIMIT_COUNT];
    if (!sources->exports)
        return;
    if (sources->exports->is_enabled)
        write_queue(metrics, out);
    limits_read(sources->exports->limits, limits);
    write_limits(limits, out);
}
