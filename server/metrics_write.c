/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics.h. Here: the writing, and what is asked for meanwhile. All samples of a family stand
 * together.
 */
#include "base/process.h"
#include "server/exports.h"
#include "server/metrics_own.h"
#include "server/service.h"

/* All that is asked for, before anything is written. */
struct asked {
    bool has_queue;
    struct metrics_felt felt;
    struct pool_use workers;
    struct store_connections connections;
    struct limit_use limits[LIMIT_COUNT];
    struct process_use process;
};

static void ask(struct metrics *metrics, struct asked *out)
{
    const struct metrics_sources *sources = &metrics->sources;
    *out = (struct asked){.has_queue = sources->exports && sources->exports->is_enabled};
    pthread_mutex_lock(&metrics->mutex);
    out->felt = metrics->felt;
    pthread_mutex_unlock(&metrics->mutex);
    if (sources->pool)
        pool_read_use(sources->pool, &out->workers);
    if (out->has_queue)
        store_read_connections(sources->exports->store, &out->connections);
    if (sources->exports)
        limits_read(sources->exports->limits, out->limits);
    if (sources->exports && sources->rpc)
        service_read_door(sources->rpc, out->limits);
    process_read_use(&out->process);
}

static void one(enum metric_id id, double value, struct buf *out)
{
    metric_write_head(&metric_families[id], out);
    metric_write_sample(&metric_families[id], NULL, value, out);
}

static void labelled(enum metric_id id, const char *label, double value, struct buf *out)
{
    metric_write_sample(&metric_families[id], (struct str[]){str_of(label)}, value, out);
}

/* What is of the whole queue is not told where the store did not answer: it is not zero. */
static void write_queue(const struct asked *asked, struct buf *out)
{
    const struct metrics_felt *felt = &asked->felt;
    if (!felt->is_store_reachable)
        return;
    metric_write_head(&metric_families[METRIC_JOBS], out);
    labelled(METRIC_JOBS, "queued", (double)felt->counters.queued, out);
    labelled(METRIC_JOBS, "running", (double)felt->counters.running, out);
    one(METRIC_QUEUE_AGE, (double)felt->counters.queue_age_ms / 1e3, out);
    one(METRIC_STORE_LATENCY, felt->store_latency_s, out);
}

static void write_stores(struct metrics *metrics, const struct asked *asked, struct buf *out)
{
    const struct store_connections *connections = &asked->connections;
    bool is_file_store_ok = atomic_load(&metrics->sources.exports->is_file_store_ok);
    one(METRIC_STORE_UP, asked->felt.is_store_reachable, out);
    one(METRIC_FILE_STORE_UP, is_file_store_ok, out);
    one(METRIC_WORKERS, (double)asked->workers.all, out);
    one(METRIC_WORKERS_BUSY, (double)asked->workers.busy, out);
    if (connections->most == 0)
        return;
    one(METRIC_CONNECTIONS_MAX, (double)connections->most, out);
    one(METRIC_CONNECTIONS_OPEN, (double)connections->open, out);
    one(METRIC_CONNECTIONS_IN_USE, (double)connections->in_use, out);
}

static void write_limits(const struct limit_use limits[LIMIT_COUNT], struct buf *out)
{
    one(METRIC_WATCHES_OPEN, (double)limits[LIMIT_WATCHES].in_use, out);
    one(METRIC_DOWNLOADS_OPEN, (double)limits[LIMIT_DOWNLOADS].in_use, out);
    one(METRIC_RPC_OPEN, (double)limits[LIMIT_CALLS].in_use, out);
    metric_write_head(&metric_families[METRIC_LIMIT], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        labelled(METRIC_LIMIT, limits[i].name, (double)limits[i].most, out);
    metric_write_head(&metric_families[METRIC_LIMIT_IN_USE], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        labelled(METRIC_LIMIT_IN_USE, limits[i].name, (double)limits[i].in_use, out);
    metric_write_head(&metric_families[METRIC_LIMIT_REFUSALS], out);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        labelled(METRIC_LIMIT_REFUSALS, limits[i].name, (double)limits[i].refused, out);
}

static void write_process(const struct process_use *use, struct buf *out)
{
    metric_write_head(&metric_families[METRIC_BUILD], out);
    labelled(METRIC_BUILD, EXPORTQ_VERSION, 1, out);
    one(METRIC_CPU, use->cpu_seconds, out);
    one(METRIC_MAX_FILES, (double)use->most_files, out);
    if (use->resident_bytes)
        one(METRIC_RESIDENT_MEMORY, (double)use->resident_bytes, out);
    if (use->open_files)
        one(METRIC_OPEN_FILES, (double)use->open_files, out);
    if (use->started_s > 0)
        one(METRIC_START_TIME, use->started_s, out);
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
    struct asked asked;
    ask(metrics, &asked);
    if (asked.has_queue) {
        write_queue(&asked, out);
        write_stores(metrics, &asked, out);
    }
    for (size_t i = 0; i < METRIC_ID_COUNT; i++)
        if (metrics->counted[i])
            metric_write(metrics->counted[i], out);
    if (metrics->sources.exports)
        write_limits(asked.limits, out);
    write_process(&asked.process, out);
}
