/* SPDX-License-Identifier: Apache-2.0
 *
 * See metrics.h. Here: the writing, and what is asked for meanwhile, in both programs. All samples
 * of a family stand together.
 */
#include "base/process.h"
#include "server/metrics_own.h"

void metrics_write_one(enum metric_id id, double value, struct buf *out)
{
    metric_write_head(&metric_families[id], out);
    metric_write_sample(&metric_families[id], NULL, value, out);
}

void metrics_write_labelled(enum metric_id id, const char *label, double value, struct buf *out)
{
    metric_write_sample(&metric_families[id], (struct str[]){str_of(label)}, value, out);
}

/* exportq-worker knows of its store what its workers found when they last asked it, an idle one
 * each second; exportqd has a pulse. */
static void write_pool(const struct metrics *metrics, struct buf *out)
{
    struct pool_use use = {0};
    struct store_connections connections = {0};
    if (metrics->sources.pool)
        pool_read_use(metrics->sources.pool, &use);
    store_read_connections(metrics->sources.store, &connections);
    metrics_write_one(METRIC_WORKERS, (double)use.all, out);
    metrics_write_one(METRIC_WORKERS_BUSY, (double)use.busy, out);
    if (!metrics->write_more)
        metrics_write_one(METRIC_STORE_UP, use.away == 0, out);
    if (connections.most == 0)
        return;
    metrics_write_one(METRIC_CONNECTIONS_MAX, (double)connections.most, out);
    metrics_write_one(METRIC_CONNECTIONS_OPEN, (double)connections.open, out);
    metrics_write_one(METRIC_CONNECTIONS_IN_USE, (double)connections.in_use, out);
}

static void write_process(struct buf *out)
{
    struct process_use use;
    process_read_use(&use);
    metric_write_head(&metric_families[METRIC_BUILD], out);
    metrics_write_labelled(METRIC_BUILD, EXPORTQ_VERSION, 1, out);
    metrics_write_one(METRIC_CPU, use.cpu_seconds, out);
    metrics_write_one(METRIC_MAX_FILES, (double)use.most_files, out);
    if (use.resident_bytes)
        metrics_write_one(METRIC_RESIDENT_MEMORY, (double)use.resident_bytes, out);
    if (use.open_files)
        metrics_write_one(METRIC_OPEN_FILES, (double)use.open_files, out);
    if (use.started_s > 0)
        metrics_write_one(METRIC_START_TIME, use.started_s, out);
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
    if (metrics->sources.store)
        write_pool(metrics, out);
    for (size_t i = 0; i < METRIC_ID_COUNT; i++)
        if (metrics->counted[i])
            metric_write(metrics->counted[i], out);
    if (metrics->write_more)
        metrics->write_more(metrics, out);
    write_process(out);
}
