/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics as metrics*.c see them. Nobody else includes this.
 */
#ifndef SERVER_METRICS_OWN_H
#define SERVER_METRICS_OWN_H

#include "queue/store.h"
#include "server/metrics.h"
#include "server/metrics_table.h"

#include <pthread.h>

/* What the pulse felt last. */
struct metrics_felt {
    bool is_store_reachable;
    double store_latency_s;
    struct store_counters counters;
};

struct metrics {
    struct metric *counted[METRIC_ID_COUNT]; /* NULL: asked for when it is written */
    struct job_listener jobs;
    struct metrics_sources sources;
    /* What exportqd writes besides; NULL: these are exportq-worker's. */
    void (*write_more)(struct metrics *metrics, struct buf *out);
    struct arena arena;         /* what labels may say */
    struct metric_values types; /* the same, of jobs */
    struct metric_values formats;
    pthread_mutex_t mutex;
    struct metrics_felt felt; /* under the mutex */
};

/* A metric that is counted as it happens. `first`… are what its labels may say. */
void metrics_make(struct metrics *metrics, enum metric_id id, struct metric_values first,
                  struct metric_values second, struct metric_values third);

/* So many texts for labels, which live as long as the metrics. */
const char **metrics_new_texts(struct metrics *metrics, size_t count);

void metrics_count(struct metrics *metrics, enum metric_id id, const struct str *labels,
                   uint64_t count);
void metrics_observe(struct metrics *metrics, enum metric_id id, const struct str *labels,
                     double seconds);

/* The job is over: "completed", "failed" or "cancelled". */
void metrics_job_ended(struct metrics *metrics, const struct job *job, const char *state);

/* A gauge without labels, whole; one sample of a gauge with one label. */
void metrics_write_one(enum metric_id id, double value, struct buf *out);
void metrics_write_labelled(enum metric_id id, const char *label, double value, struct buf *out);

#endif
