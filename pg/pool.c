/* SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. Connections are opened without the mutex held; `open` counts those that exist or are
 * about to.
 */
#include "pg/pool.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/thread.h"

#include <poll.h>

enum {
    BACKOFF_BASE_MS = 100,
    BACKOFF_CAP_MS = 10000,
    HASTY_BACKOFF_CAP_MS = 500,
    BACKOFF_MAX_SHIFT = 7
};

struct pg_pool {
    char *url;
    char *application_name;
    bool is_preparing;
    int64_t haste_ms;
    size_t max;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t given;
    struct pg **idle; /* the last given back is the first taken */
    size_t idle_count;
    size_t open;
    unsigned failures;     /* to connect, in a row */
    int64_t next_try_ms;   /* monotonic */
    struct err last_error; /* why the last try failed */
};

struct pg_pool *pg_pool_new(const struct pg_options *options, size_t max)
{
    struct pg_pool *pool = mem_new(struct pg_pool);
    pool->url = mem_dup(options->url);
    pool->application_name = mem_dup(options->application_name);
    pool->is_preparing = options->is_preparing;
    pool->haste_ms = options->haste_ms;
    pool->max = max;
    pool->idle = mem_new_array(max, sizeof(struct pg *));
    pthread_mutex_init(&pool->mutex, NULL);
    thread_condition_init(&pool->given);
    return pool;
}

void pg_pool_free(struct pg_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->idle_count; i++)
        pg_close(pool->idle[i]);
    pthread_cond_destroy(&pool->given);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->idle);
    free(pool->application_name);
    free(pool->url);
    free(pool);
}

void pg_pool_retry_now(struct pg_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->failures = 0;
    pool->next_try_ms = 0;
    pthread_mutex_unlock(&pool->mutex);
}

/* The delay is 100 ms · 2^n, of which up to a quarter is chance. */
static int64_t backoff_ms(const struct pg_pool *pool, unsigned failures)
{
    unsigned shift = failures < BACKOFF_MAX_SHIFT ? failures : BACKOFF_MAX_SHIFT;
    int64_t delay_ms = INT64_C(1) * BACKOFF_BASE_MS << shift;
    int64_t cap_ms = pool->haste_ms ? HASTY_BACKOFF_CAP_MS : BACKOFF_CAP_MS;
    delay_ms = delay_ms < cap_ms ? delay_ms : cap_ms;
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    return delay_ms - (int64_t)(random % (uint32_t)(delay_ms / 4));
}

/* While we were not looking the database may have closed it; it says so on the socket, which is
 * then no longer quiet. What else an idle connection may hear (a setting that changed) is rare
 * enough. */
static bool is_quiet(struct pg *pg)
{
    struct pollfd socket = {.fd = PQsocket(pg_connection(pg)), .events = POLLIN};
    return PQstatus(pg_connection(pg)) == CONNECTION_OK && poll(&socket, 1, 0) == 0;
}

/* Under the mutex: an idle connection that is still there. */
static struct pg *take_idle(struct pg_pool *pool)
{
    while (pool->idle_count) {
        struct pg *pg = pool->idle[--pool->idle_count];
        if (is_quiet(pg))
            return pg;
        pool->open--;
        pg_close(pg);
    }
    return NULL;
}

/* Opens one of the pool's connections, which is counted already. */
static bool open_one(struct pg_pool *pool, struct stop *stop, struct pg **out, struct err *err)
{
    struct pg_options options = {
        .url = pool->url,
        .application_name = pool->application_name,
        .is_preparing = pool->is_preparing,
        .haste_ms = pool->haste_ms,
    };
    bool is_open = pg_open(&options, stop, out, err);
    bool is_wish =
        !is_open && stop_reason(stop) != STOP_NONE; /* and says nothing of the database */
    pthread_mutex_lock(&pool->mutex);
    if (is_open) {
        pool->failures = 0;
    } else {
        pool->open--;
        pthread_cond_broadcast(&pool->given);
    }
    if (!is_open && !is_wish) {
        pool->next_try_ms = clock_monotonic_ms() + backoff_ms(pool, pool->failures++);
        pool->last_error = *err;
    }
    pthread_mutex_unlock(&pool->mutex);
    return is_open;
}

enum claim { CLAIM_IDLE, CLAIM_NEW, CLAIM_BACKOFF, CLAIM_FULL };

/* Under the mutex: an idle connection, or the right to open one. */
static enum claim try_claim(struct pg_pool *pool, struct pg **out)
{
    *out = take_idle(pool);
    if (*out)
        return CLAIM_IDLE;
    if (pool->open >= pool->max)
        return CLAIM_FULL;
    if (pool->failures && clock_monotonic_ms() < pool->next_try_ms)
        return CLAIM_BACKOFF;
    pool->open++;
    return CLAIM_NEW;
}

bool pg_pool_take(struct pg_pool *pool, int64_t timeout_ms, struct stop *stop, struct pg **out,
                  struct err *err)
{
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    pthread_mutex_lock(&pool->mutex);
    enum claim claim = try_claim(pool, out);
    while (claim == CLAIM_FULL && thread_wait_until(&pool->given, &pool->mutex, until_ms))
        claim = try_claim(pool, out);
    if (claim == CLAIM_BACKOFF)
        *err = pool->last_error;
    pthread_mutex_unlock(&pool->mutex);
    switch (claim) {
    case CLAIM_IDLE:
        return true;
    case CLAIM_NEW:
        return open_one(pool, stop, out, err);
    case CLAIM_BACKOFF:
        return false;
    case CLAIM_FULL:
        break;
    }
    return err_set(err, ERR_SOURCE_UNAVAILABLE,
                   "all %zu connections to the database are in use; try again", pool->max);
}

void pg_pool_read_use(struct pg_pool *pool, struct pg_pool_use *out)
{
    pthread_mutex_lock(&pool->mutex);
    *out = (struct pg_pool_use){
        .in_use = pool->open - pool->idle_count, .open = pool->open, .most = pool->max};
    pthread_mutex_unlock(&pool->mutex);
}

void pg_pool_give(struct pg_pool *pool, struct pg *pg)
{
    bool is_broken = pg_is_broken(pg);
    pg_set_stop(pg, NULL);
    pthread_mutex_lock(&pool->mutex);
    if (is_broken)
        pool->open--;
    else
        pool->idle[pool->idle_count++] = pg;
    pthread_cond_signal(&pool->given);
    pthread_mutex_unlock(&pool->mutex);
    if (is_broken)
        pg_close(pg);
}
