/* SPDX-License-Identifier: Apache-2.0
 *
 * See returns.h.
 */
#include "server/returns.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum { INTERVAL_MS = 500, PATIENCE_MS = 120000 };

struct returned {
    struct list node;
    struct uuid job;
    int64_t lease;
    struct transfer transfer;
    struct limits_place place;
    int64_t until_ms; /* monotonic */
};

struct returns {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    struct list waiting; /* under the mutex, as the next */
    bool is_ended;
};

static void forget(struct returned *returned, const struct err *why)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(returned->job, id);
    if (why)
        log_event(LOG_WARNING, "download.untold", "job=%s code=%s reason=%s", id,
                  err_code_name(why->code), why->text);
    else
        log_event(LOG_INFO, "download.told", "job=%s", id);
    limits_give_back(&returned->place);
    free(returned);
}

static struct returned *take_first(struct returns *returns, bool *out_is_last_chance)
{
    pthread_mutex_lock(&returns->mutex);
    struct list *node = list_pop(&returns->waiting);
    *out_is_last_chance = returns->is_ended;
    pthread_mutex_unlock(&returns->mutex);
    return node ? CONTAINER_OF(node, struct returned, node) : NULL;
}

static void put_back(struct returns *returns, struct returned *returned)
{
    pthread_mutex_lock(&returns->mutex);
    list_push(&returns->waiting, &returned->node);
    pthread_mutex_unlock(&returns->mutex);
}

/* Tells one after the other, until the store does not answer: it is not asked for the rest. */
static void tell_all(struct returns *returns)
{
    struct err err = {0};
    struct returned *returned = NULL;
    bool is_last_chance = false;
    while ((returned = take_first(returns, &is_last_chance))) {
        bool is_told = err.code != ERR_UNAVAILABLE &&
                       store_download_close(returns->store, returned->job, returned->lease,
                                            &returned->transfer, &err);
        bool may_wait = !is_last_chance && clock_monotonic_ms() < returned->until_ms;
        if (!is_told && err.code == ERR_UNAVAILABLE && may_wait) {
            put_back(returns, returned);
            return;
        }
        forget(returned, is_told ? NULL : &err);
    }
}

/* Whether there is something to do, or all is over. */
static bool await_work(struct returns *returns)
{
    pthread_mutex_lock(&returns->mutex);
    while (list_is_empty(&returns->waiting) && !returns->is_ended)
        pthread_cond_wait(&returns->has_changed, &returns->mutex);
    int64_t next_ms = clock_monotonic_ms() + INTERVAL_MS; /* it has just not answered */
    while (!returns->is_ended &&
           thread_wait_until(&returns->has_changed, &returns->mutex, next_ms)) {
    }
    bool goes_on = !returns->is_ended;
    pthread_mutex_unlock(&returns->mutex);
    return goes_on;
}

static void *run(void *arg)
{
    struct returns *returns = arg;
    while (await_work(returns))
        tell_all(returns);
    tell_all(returns);
    return NULL;
}

struct returns *returns_start(struct store *store)
{
    struct returns *returns = mem_new(struct returns);
    returns->store = store;
    list_init(&returns->waiting);
    pthread_mutex_init(&returns->mutex, NULL);
    thread_condition_init(&returns->has_changed);
    thread_start(&returns->thread, run, returns);
    return returns;
}

void returns_add(struct returns *returns, struct uuid job, int64_t lease,
                 const struct transfer *transfer, struct limits_place *place)
{
    struct returned *returned = mem_new(struct returned);
    list_init(&returned->node);
    returned->job = job;
    returned->lease = lease;
    returned->transfer = *transfer;
    returned->place = *place;
    returned->until_ms = clock_monotonic_ms() + PATIENCE_MS;
    *place = (struct limits_place){0};
    pthread_mutex_lock(&returns->mutex);
    list_push(&returns->waiting, &returned->node);
    pthread_cond_signal(&returns->has_changed);
    pthread_mutex_unlock(&returns->mutex);
}

void returns_stop(struct returns *returns)
{
    if (!returns)
        return;
    pthread_mutex_lock(&returns->mutex);
    returns->is_ended = true;
    pthread_cond_signal(&returns->has_changed);
    pthread_mutex_unlock(&returns->mutex);
    pthread_join(returns->thread, NULL);
}

void returns_free(struct returns *returns)
{
    const struct err late = {.code = ERR_UNAVAILABLE, .text = "the server has ended"};
    struct returned *returned = NULL;
    bool is_last_chance = true;
    if (!returns)
        return;
    while ((returned = take_first(returns, &is_last_chance)))
        forget(returned, &late);
    pthread_cond_destroy(&returns->has_changed);
    pthread_mutex_destroy(&returns->mutex);
    free(returns);
}
