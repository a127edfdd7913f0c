/* SPDX-License-Identifier: Apache-2.0
 *
 * The threads that run handlers, and the FIFO of calls they take from. Adding cannot fail: the node
 * is in the call. Inside rpc/ only.
 */
#ifndef RPC_WORKERS_H
#define RPC_WORKERS_H

#include "base/err.h"

#include <pthread.h>

struct rpc_call;

struct workers {
    pthread_mutex_t mutex; /* guards the next four */
    pthread_cond_t has_work;
    struct rpc_call *first;
    struct rpc_call *last;
    bool is_stopping;
    pthread_t *threads;
    unsigned count;
};

void workers_init(struct workers *workers);

/* Starts `count` threads. On failure none is left. */
bool workers_start(struct workers *workers, unsigned count, struct err *err) MUST_CHECK;

/* Adds a call at the end; a worker gives it to call_run_turn. Thread-safe. */
void workers_push(struct workers *workers, struct rpc_call *call);

/* Lets the threads finish what is queued and joins them. */
void workers_stop(struct workers *workers);

void workers_done(struct workers *workers);

#endif
