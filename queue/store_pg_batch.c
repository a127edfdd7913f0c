/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_batch.h.
 */
#include "queue/store_pg_batch.h"

#include "base/thread.h"

#include <assert.h>

void pg_batch_init(struct pg_batch *batch, size_t max, int leaders,
                   void (*work)(void *target, struct pg_batch_item *const *items, size_t count),
                   void *target)
{
    assert(max <= PG_BATCH_MAX);
    *batch = (struct pg_batch){.work = work, .target = target, .max = max, .leaders = leaders};
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

/* Under the mutex, which is free while the work is done. */
static void lead(struct pg_batch *batch)
{
    struct pg_batch_item *items[PG_BATCH_MAX];
    size_t count = take_line(batch, items);
    batch->working++;
    pthread_mutex_unlock(&batch->mutex);
    batch->work(batch->target, items, count);
    pthread_mutex_lock(&batch->mutex);
    batch->working--;
    for (size_t i = 0; i < count; i++) {
        items[i]->is_done = true;
        pthread_cond_signal(&items[i]->called);
    }
    if (batch->first)
        pthread_cond_signal(&batch->first->called);
}

bool pg_batch_run(struct pg_batch *batch, struct pg_batch_item *item)
{
    item->next = NULL;
    item->is_done = false;
    item->is_ok = false;
    pthread_cond_init(&item->called, NULL);
    pthread_mutex_lock(&batch->mutex);
    *batch->last = item;
    batch->last = &item->next;
    while (!item->is_done) {
        if (batch->first && batch->working < batch->leaders)
            lead(batch);
        else
            pthread_cond_wait(&item->called, &batch->mutex);
    }
    pthread_mutex_unlock(&batch->mutex);
    pthread_cond_destroy(&item->called);
    return item->is_ok;
}
