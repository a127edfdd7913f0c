/* SPDX-License-Identifier: Apache-2.0
 *
 * What this process has done and how it stands, for Prometheus. Whoever does something tells it
 * here; what can be asked for is asked for when the metrics are written, but for what costs a
 * query: that is as the pulse felt it last, so that no scrape hammers the database.
 *
 *     metrics_new → listeners and hooks → metrics_set_sources → metrics_write × n → metrics_free
 *
 * exportqd and exportq-worker share what is of jobs, files, the HTTP door and the process; the rest
 * is exportqd's alone: metrics_server.c, and nothing of exportq-worker calls that. All functions
 * are thread-safe but where it is said. Those that tell accept NULL for the metrics: then nobody
 * counts.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "export/catalog.h"
#include "files/files.h"
#include "queue/delivery.h"
#include "worker/job_listener.h"
#include "worker/pool.h"

struct metrics;
struct exports;
struct exports_health;

/* What the text may take: with a thousand types it is less. */
enum { METRICS_MAX_BYTES = 64 * 1024 * 1024 };
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_options {
    const struct catalog *catalog;  /* outlives the metrics; NULL: no types */
    const char *const *http_routes; /* the same: what metrics_http_request may name */
    size_t http_route_count;
};

/* Those of exportq-worker. */
struct metrics *metrics_new(const struct metrics_options *options);

/* The same and more: those of exportqd. */
struct metrics *metrics_new_server(const struct metrics_options *options);

/* After all who tell. Accepts NULL. */
void metrics_free(struct metrics *metrics);

/* What is asked when the metrics are written; all may be NULL, and outlive the last write. Before
 * the first, once. */
struct metrics_sources {
    struct store *store;
    struct pool *pool;
    struct exports *exports; /* in exportqd */
};
void metrics_set_sources(struct metrics *metrics, const struct metrics_sources *sources);

/* All metrics in Prometheus' text format; buf_is_ok(out) tells whether they had room. */
void metrics_write(struct metrics *metrics, struct buf *out);

/* ---- Who tells ---- */

/* For the pool and the janitor. Lives as long as the metrics. */
const struct job_listener *metrics_job_listener(struct metrics *metrics);

struct files_listener metrics_files_listener(struct metrics *metrics);

/* A request was answered. `route` is one of the options' http_routes ("/api/exports/jobs/{id}"), or
 * NULL where none fits; `method` is what the client said. */
void metrics_http_request(struct metrics *metrics, const char *route, const char *method,
                          unsigned status, double seconds);

/* ---- Who tells, in exportqd alone ---- */

/* What somebody did with a job: BIT(enum audit_action)…. */
void metrics_acts(struct metrics *metrics, unsigned acts, const struct job *job);

/* What the pulse felt: with counters. */
void metrics_felt(struct metrics *metrics, const struct exports_health *health);

/* A download is over: so many bytes were handed over, and whether the file's end was. */
void metrics_download_ended(struct metrics *metrics, int64_t bytes, bool is_whole);

/* What came of an attempt to send a webhook. */
void metrics_webhook_tried(struct metrics *metrics, enum delivery_state outcome);

/* rpc_server_options.ended; `exports` is the struct exports. */
void metrics_rpc_ended(void *exports, struct str method, int status, double seconds);

#endif
