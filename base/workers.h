/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that take work from a FIFO. Adding cannot fail: the node is in what is to be worked on.
 */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include "base/err.h"

#include <pthread.h>

/* A member of what is to be worked on, which `run` finds by CONTAINER_OF. In one queue at a time;
 * once `run` is called it may be added again. */
struct work {
    void (*run)(struct work *work);
    struct work *next; /* the workers' mutex */
};

struct workers {
    pthread_mutex_t mutex; /* guards the next four */
    pthread_cond_t has_work;
    struct work *first;
    struct work *last;
    bool is_stopping;
    pthread_t *threads;
    unsigned count;
};

void workers_init(struct workers *workers);

/* Starts `count` threads. On failure none is left. */
bool workers_start(struct workers *workers, unsigned count, struct err *err) MUST_CHECK;

/* Adds work at the end; a worker runs it. Thread-safe. */
void workers_push(struct workers *workers, struct work *work);

/* Lets the threads finish what is queued and joins them. */
void workers_stop(struct workers *workers);

void workers_done(struct workers *workers);

#endif
