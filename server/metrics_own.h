/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrics as metrics.c and metrics_write.c see them. Nobody else includes this.
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
    struct arena arena; /* what labels may say */
    pthread_mutex_t mutex;
    struct metrics_felt felt; /* under the mutex */
};

#endif
