/* SPDX-License-Identifier: Apache-2.0
 *
 * See workers.h. One signal for each work that is added: a thousand calls woken at once pass
 * through the queue, they do not wake a thousand threads.
 */
#include "base/workers.h"

#include "base/mem.h"

void workers_init(struct workers *workers)
{
    *workers = (struct workers){0};
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->has_work, NULL);
}

void workers_push(struct workers *workers, struct work *work)
{
    work->next = NULL;
    pthread_mutex_lock(&workers->mutex);
    if (workers->last) {
        workers->last->next = work;
    } else {
        workers->first = work;
    }
    workers->last = work;
    pthread_mutex_unlock(&workers->mutex);
    pthread_cond_signal(&workers->has_work); /* who is woken finds the lock free */
}

/* Waits for work; NULL when there is none and will be none. */
static struct work *pop(struct workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    while (!workers->first && !workers->is_stopping)
        pthread_cond_wait(&workers->has_work, &workers->mutex);
    struct work *work = workers->first;
    if (work)
        workers->first = work->next;
    if (!workers->first)
        workers->last = NULL;
    pthread_mutex_unlock(&workers->mutex);
    return work;
}

static void *run_work(void *data)
{
    struct workers *workers = data;
    for (;;) {
        struct work *work = pop(workers);
        if (!work)
            return NULL;
        work->run(work);
    }
}

bool workers_start(struct workers *workers, unsigned count, struct err *err)
{
    workers->threads = mem_new_array(count, sizeof *workers->threads);
    while (workers->count < count) {
        if (pthread_create(&workers->threads[workers->count], NULL, run_work, workers) != 0) {
            workers_stop(workers);
            return err_set(err, ERR_UNAVAILABLE, "cannot start %u worker threads", count);
        }
        workers->count++;
    }
    return true;
}

void workers_stop(struct workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    pthread_cond_broadcast(&workers->has_work);
    pthread_mutex_unlock(&workers->mutex);
    for (unsigned i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    workers->count = 0;
}

void workers_done(struct workers *workers)
{
    free(workers->threads);
    pthread_cond_destroy(&workers->has_work);
    pthread_mutex_destroy(&workers->mutex);
}
