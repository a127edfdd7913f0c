/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker pool: threads that claim a job from the store, run it and tell the store how it ended;
 * one more thread keeps their leases alive. The store is its only wire to the doors, so a pool runs
 * inside exportqd or alone, and may be killed without the doors noticing.
 *
 *     pool_start → … → pool_drain → pool_free
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "queue/store.h"
#include "worker/job_listener.h"
#include "worker/runner.h"

struct pool;

struct pool_options {
    struct store *store;
    struct hub *hub;                     /* of the store; tells of cancelled jobs */
    const struct runner *runner;         /* all three outlive the pool */
    size_t worker_count;                 /* EXPORT_WORKERS; 0: the pool does nothing */
    int64_t job_timeout_ms;              /* EXPORT_JOB_TIMEOUT; 0: none */
    int64_t heartbeat_ms;                /* a third of the store's lease */
    int64_t report_ms;                   /* between two reports of a job's progress */
    const char *name;                    /* of this process, for leases and logs */
    const struct job_listener *listener; /* outlives the pool; NULL: nobody is told */
};

struct pool *pool_start(const struct pool_options *options);

struct pool_use {
    size_t busy; /* run a job */
    size_t away; /* did not reach the store when they asked it last */
    size_t all;
};

/* Thread-safe. */
void pool_read_use(struct pool *pool, struct pool_use *out);

/* Claims no more; waits until the running jobs end, at most `grace_ms`; what runs longer is stopped
 * and given back to the queue, its attempt not counted. Returns how many were given back. Once. */
size_t pool_drain(struct pool *pool, int64_t grace_ms);

/* Drains without grace, if nobody has. Accepts NULL. */
void pool_free(struct pool *pool);

#endif
