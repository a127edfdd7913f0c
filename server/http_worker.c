/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_worker.h.
 */
#include "server/http_worker.h"

#include "server/http_answer.h"
#include "server/http_metrics.h"

#include <assert.h>

/* For some who scrape and probe; nobody sends a body. */
enum { THREADS = 1, WORKERS = 2, MAX_CONNECTIONS = 64, MAX_BODY_BYTES = 1024, MS_PER_S = 1000 };

#define HEALTH_PATH  "/api/health"
#define METRICS_PATH "/metrics"

static void get_metrics(void *data, struct http_call *call)
{
    const struct http_worker *worker = data;
    struct caller caller = {0};
    struct err err = {0};
    if (!http_metrics(&worker->door, worker->metrics, call, &caller, &err))
        http_answer_error(call, &err);
}

/* For everybody: no more than that it works, and no question to the store. */
static void get_health(void *data, struct http_call *call)
{
    struct http_worker *worker = data;
    struct pool_use use = {0};
    struct err err = {0};
    http_answer_secure(call, worker->door.has_tls);
    if (!http_guard_check(&worker->door, call, &err)) {
        http_answer_error(call, &err);
        return;
    }
    pool_read_use(worker->pool, &use);
    const char *status = atomic_load(&worker->is_draining) ? "draining"
                         : use.away > 0                    ? "degraded"
                                                           : "ok";
    int64_t uptime_ms = clock_monotonic_ms() - worker->started_ms;
    http_answer_data(call, 200,
                     json_pack("{s:s, s:I, s:s, s:{s:b}}", "status", status, "uptime",
                               (json_int_t)(uptime_ms / MS_PER_S), "version", EXPORTQ_VERSION,
                               "store", "reachable", use.away == 0),
                     NULL);
}

static const struct http_route routes[] = {
    {"GET", HEALTH_PATH, get_health, ""},
    {"GET", METRICS_PATH, get_metrics, NULL},
};

const char *const *http_worker_paths(size_t *out_count)
{
    static const char *const paths[] = {HEALTH_PATH, METRICS_PATH};
    *out_count = COUNT_OF(paths);
    return paths;
}

static void refuse(void *data, struct http_call *call, const struct err *why)
{
    const struct http_worker *worker = data;
    struct err err = *why;
    http_answer_secure(call, worker->door.has_tls);
    if (err.code == ERR_NOT_FOUND)
        (void)err_set(&err, err.code, "%s; a worker has /metrics and /api/health", why->text);
    if (err.code == ERR_UNIMPLEMENTED)
        http_answer_status(call, 405, "METHOD_NOT_ALLOWED", err.text);
    else
        http_answer_error(call, &err);
}

static void count_call(void *data, struct http_call *call, double seconds)
{
    const struct http_worker *worker = data;
    metrics_http_request(worker->metrics, http_route_path(call), http_method(call),
                         (unsigned)http_status(call), seconds);
}

bool http_worker_open(const struct http_worker_options *options, struct http_worker *out,
                      struct err *err)
{
    out->door =
        (struct http_door){.identity = options->identity, .has_tls = options->certificate != NULL};
    out->metrics = options->metrics;
    out->pool = options->pool;
    out->started_ms = clock_monotonic_ms();
    const struct http_server_options all = {
        .listen = options->listen,
        .routes = routes,
        .route_count = COUNT_OF(routes),
        .data = out,
        .refuse = refuse,
        .ended = count_call,
        .threads = THREADS,
        .workers = WORKERS,
        .max_connections = MAX_CONNECTIONS,
        .max_body_bytes = MAX_BODY_BYTES,
        .tls = http_certificate_of(options->certificate, &out->certificate),
    };
    return http_server_open(&all, &out->server, err);
}

int http_worker_port(const struct http_worker *worker)
{
    return worker->server ? http_server_port(worker->server) : 0;
}

void http_worker_close(struct http_worker *worker, int64_t grace_ms)
{
    if (!worker->server)
        return;
    size_t hanging = http_server_stop(worker->server, grace_ms);
    assert(hanging == 0); /* no handler here waits for anything */
    (void)hanging;
    http_server_free(worker->server);
    worker->server = NULL;
}
