/* SPDX-License-Identifier: Apache-2.0
 *
 * Every metric that exportqd and exportq-worker tell: its name, what it counts, in what, by which
 * labels. The one place for all of that; docs/metrics.md is printed from here.
 */
#ifndef SERVER_METRICS_TABLE_H
#define SERVER_METRICS_TABLE_H

#include "base/metric.h"

#include <stdio.h>

enum metric_id {
    METRIC_JOBS,
    METRIC_QUEUE_AGE,
    METRIC_JOBS_CREATED,
    METRIC_JOBS_FINISHED,
    METRIC_JOB_WAIT,
    METRIC_JOB_RUN,
    METRIC_WRITTEN_ROWS,
    METRIC_WRITTEN_BYTES,
    METRIC_JOB_RETRIES,
    METRIC_JOB_FAILURES,
    METRIC_WORKERS,
    METRIC_WORKERS_BUSY,
    METRIC_CONNECTIONS_MAX,
    METRIC_CONNECTIONS_OPEN,
    METRIC_CONNECTIONS_IN_USE,
    METRIC_STORE_UP,
    METRIC_STORE_LATENCY,
    METRIC_FILE_STORE_UP,
    METRIC_FILE_OPERATION,
    METRIC_FILE_ERRORS,
    METRIC_WATCHES_OPEN,
    METRIC_DOWNLOADS_OPEN,
    METRIC_DOWNLOADS_FINISHED,
    METRIC_DOWNLOADED_BYTES,
    METRIC_WEBHOOKS,
    METRIC_RPC_CALLS,
    METRIC_RPC_DURATION,
    METRIC_RPC_OPEN,
    METRIC_HTTP_REQUESTS,
    METRIC_HTTP_DURATION,
    METRIC_LIMIT,
    METRIC_LIMIT_IN_USE,
    METRIC_LIMIT_REFUSALS,
    METRIC_BUILD,
    METRIC_RESIDENT_MEMORY,
    METRIC_CPU,
    METRIC_OPEN_FILES,
    METRIC_MAX_FILES,
    METRIC_START_TIME,
    METRIC_ID_COUNT
};

extern const struct metric_family metric_families[METRIC_ID_COUNT];

/* docs/metrics.md. */
void metrics_print_help(FILE *out);

#endif
