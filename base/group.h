/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that arrive together do their work together: a thread puts its call in the line; if nobody
 * leads, it takes the line, works it off at once, in one transaction or by one
 * sync, and wakes the others. While it works
 * the next line gathers, whose first leads then: the busier it is, the longer the lines, and nobody
 * waits for a timer.
 */
#ifndef BASE_GROUP_H
#define BASE_GROUP_H

#include "base/err.h"

#include <pthread.h>
#include <semaphore.h>

/* One call, on the stack of the thread that waits for it. */
struct group_item {
    struct group_item *next; /* private, as the next two */
    sem_t called;            /* it is done, or it is to lead */
    bool is_done;
    bool is_ok;
    struct err err;
};

struct group {
    /* Does all the items' work; sets is_ok or err of each. Called by one of the waiting threads,
     * and by one at a time. */
    void (*work)(void *target, struct group_item *const *items, size_t count);
    void *target;
    size_t max;            /* items at a time */
    pthread_mutex_t mutex; /* guards all below */
    struct group_item *first;
    struct group_item **last;
    bool has_leader; /* working, or called to work */
};

enum { GROUP_MAX = 128 };

/* `max` at most GROUP_MAX. */
void group_init(struct group *group, size_t max,
                void (*work)(void *target, struct group_item *const *items, size_t count),
                void *target);
void group_done(struct group *group);

/* Waits until the item's work is done; true if it went well, else item->err says why. */
bool group_run(struct group *group, struct group_item *item) MUST_CHECK;

#endif
