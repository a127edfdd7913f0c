/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_batch.h. Each caller sleeps on a semaphore of its own, so that nobody is woken in
 * vain: with a condition for all, half of the server's time went into waking.
 */
#include "queue/store_pg_batch.h"

#include <assert.h>

void pg_batch_init(struct pg_batch *batch, size_t max,
                   void (*work)(void *target, struct pg_batch_item *const *items, size_t count),
                   void *target)
{
    assert(max <= PG_BATCH_MAX);
    *batch = (struct pg_batch){.work = work, .target = target, .max = max};
    batch->last = &batch->first;
    pthread_mutex_init(&batch->mutex, NULL);
}

void pg_batch_done(struct pg_batch *batch)
{
    pthread_mutex_destroy(&batch->mutex);
}

/* Under the mutex: takes the front of the line. */
static size_t take_line(struct pg_batch *batch, struct pg_batch_item **out)
{
    size_t count = 0;
    while (batch->first && count < batch->max) {
        out[count] = batch->first;
        batch->first = batch->first->next;
        count++;
    }
    if (!batch->first)
        batch->last = &batch->first;
    return count;
}

/* Works off the front of the line, where the leader stands first; then whoever is first is called
 * to lead. */
static void lead(struct pg_batch *batch)
{
    struct pg_batch_item *items[PG_BATCH_MAX];
    pthread_mutex_lock(&batch->mutex);
    size_t count = take_line(batch, items);
    pthread_mutex_unlock(&batch->mutex);
    batch->work(batch->target, items, count);
    pthread_mutex_lock(&batch->mutex);
    struct pg_batch_item *next = batch->first;
    batch->has_leader = next != NULL;
    pthread_mutex_unlock(&batch->mutex);
    for (size_t i = 1; i < count; i++) { /* the leader itself is not asleep */
        items[i]->is_done = true;
        (void)sem_post(&items[i]->called); /* it may be gone by now */
    }
    if (next)
        (void)sem_post(&next->called);
}

static void wait_for_call(struct pg_batch_item *item)
{
    while (sem_wait(&item->called) != 0) { /* a signal's handler ran */
    }
}

bool pg_batch_run(struct pg_batch *batch, struct pg_batch_item *item)
{
    *item = (struct pg_batch_item){0};
    (void)sem_init(&item->called, 0, 0);
    pthread_mutex_lock(&batch->mutex);
    *batch->last = item;
    batch->last = &item->next;
    bool is_leader = !batch->has_leader;
    batch->has_leader = true;
    pthread_mutex_unlock(&batch->mutex);
    if (!is_leader)
        wait_for_call(item);
    if (!item->is_done)
        lead(batch);
    (void)sem_destroy(&item->called);
    return item->is_ok;
}
