/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq-worker's door, HTTP: GET /metrics for Prometheus, and GET /api/health, which is answered
 * with 200 as long as the process answers at all, as exportqd's is; its body says how it stands.
 * Who may ask is as at the browser's door.
 */
#ifndef SERVER_HTTP_WORKER_H
#define SERVER_HTTP_WORKER_H

#include "server/http_certificate.h"
#include "server/http_guard.h"
#include "server/metrics.h"

#include <stdatomic.h>

/* All outlive the door but the text. */
struct http_worker_options {
    const char *listen; /* "host:port" */
    const struct identity *identity;
    struct certificate *certificate; /* NULL: plain text */
    struct metrics *metrics;
    struct pool *pool;
};

/* Zeroed: not open. */
struct http_worker {
    struct http_door door;
    struct metrics *metrics;
    struct pool *pool;
    int64_t started_ms;      /* clock_monotonic_ms() */
    atomic_bool is_draining; /* for health */
    struct http_certificate certificate;
    struct http_server *server; /* NULL: not open */
};

/* The paths of its routes, for the metrics. */
const char *const *http_worker_paths(size_t *out_count);

/* Opens and serves. `out` has to stay where it is. */
bool http_worker_open(const struct http_worker_options *options, struct http_worker *out,
                      struct err *err) MUST_CHECK;

int http_worker_port(const struct http_worker *worker);

/* Waits for what is under way at most so long, closes. Also if it is not open. */
void http_worker_close(struct http_worker *worker, int64_t grace_ms);

#endif
