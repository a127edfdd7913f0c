/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that arrive together do their work together: a thread puts its call in the line; if nobody
 * leads, it takes the line, works it off in one transaction and wakes the others. While it works
 * the next line gathers, whose first leads then: the busier it is, the longer the lines, and nobody
 * waits for a timer.
 */
#ifndef QUEUE_STORE_PG_BATCH_H
#define QUEUE_STORE_PG_BATCH_H

#include "base/err.h"

#include <pthread.h>
#include <semaphore.h>

/* One call, on the stack of the thread that waits for it. */
struct pg_batch_item {
    struct pg_batch_item *next; /* private, as the next two */
    sem_t called;               /* it is done, or it is to lead */
    bool is_done;
    bool is_ok;
    struct err err;
};

struct pg_batch {
    /* Does all the items' work; sets is_ok or err of each. Called by one of the waiting threads,
     * and by one at a time. */
    void (*work)(void *target, struct pg_batch_item *const *items, size_t count);
    void *target;
    size_t max;            /* items at a time */
    pthread_mutex_t mutex; /* guards all below */
    struct pg_batch_item *first;
    struct pg_batch_item **last;
    bool has_leader; /* working, or called to work */
};

enum { PG_BATCH_MAX = 128 };

/* `max` at most PG_BATCH_MAX. */
void pg_batch_init(struct pg_batch *batch, size_t max,
                   void (*work)(void *target, struct pg_batch_item *const *items, size_t count),
                   void *target);
void pg_batch_done(struct pg_batch *batch);

/* Waits until the item's work is done; true if it went well, else item->err says why. */
bool pg_batch_run(struct pg_batch *batch, struct pg_batch_item *item) MUST_CHECK;

#endif
