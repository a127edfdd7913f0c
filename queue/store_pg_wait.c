/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: waiting for something to claim.
 */
#include "queue/store_pg.h"
#include "sql_queries.h"

enum {
    LONGEST_WAIT_MS = 60 * 1000,
    SHORTEST_WAIT_MS = 20, /* for a job that is due, but was not to be had: another is taking it */
};

void pg_wake_workers(struct pg_store *store, bool is_for_all)
{
    pthread_mutex_lock(&store->mutex);
    store->work_seen++;
    if (is_for_all)
        pthread_cond_broadcast(&store->changed);
    else
        pthread_cond_signal(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

void pg_wake(struct store *base)
{
    struct pg_store *store = pg_store_of(base);
    pthread_mutex_lock(&store->mutex);
    store->wakes++;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

/* Milliseconds until a queued job is due; `most_ms` if there is none before, or nobody can say. */
static int64_t due_in(struct pg_store *store, int64_t most_ms)
{
    static const struct pg_statement due = {"due_in", SQL_DUE_IN, 2};
    struct pg_number now;
    struct pg_number from;
    pthread_mutex_lock(&store->mutex);
    int64_t from_ms = store->due_floor_ms;
    pthread_mutex_unlock(&store->mutex);
    const char *const values[] = {pg_now(store, &now), pg_int(&from, from_ms)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    struct err ignored;
    int64_t left_ms = most_ms;
    if (!pg_store_run_one(store, &due, values, &result, &ignored) || PQntuples(result) == 0 ||
        !str_to_int64(str_of(PQgetvalue(result, 0, 0)), &left_ms))
        return most_ms;
    left_ms = left_ms < SHORTEST_WAIT_MS ? SHORTEST_WAIT_MS : left_ms;
    return left_ms < most_ms ? left_ms : most_ms;
}

/* Under the mutex, of which it lets go: one of those who wait looks after what comes by itself, a
 * retry that falls due or a job that nobody told us of. */
static void keep_watch(struct pg_store *store, uint64_t wakes, uint64_t seen, int64_t most_ms)
{
    store->has_watch = true;
    pthread_mutex_unlock(&store->mutex);
    int64_t end_ms = clock_monotonic_ms() + due_in(store, most_ms);
    pthread_mutex_lock(&store->mutex);
    while (store->wakes == wakes && store->work_seen == seen &&
           thread_wait_until(&store->changed, &store->mutex, end_ms)) {
    }
    store->has_watch = false;
    pthread_cond_signal(&store->changed); /* another takes over */
}

/* Work that came after the caller's claim in vain and before this call is seen by keep_watch, which
 * asks the database; what comes later, by work_seen. */
void pg_wait_work(struct store *base, int64_t timeout_ms)
{
    struct pg_store *store = pg_store_of(base);
    int64_t most_ms = timeout_ms < LONGEST_WAIT_MS ? timeout_ms : LONGEST_WAIT_MS;
    int64_t end_ms = clock_monotonic_ms() + LONGEST_WAIT_MS;
    pthread_mutex_lock(&store->mutex);
    uint64_t wakes = store->wakes;
    uint64_t seen = store->work_seen;
    bool is_over = false;
    while (!is_over && store->wakes == wakes && store->work_seen == seen) {
        is_over = !store->has_watch;
        if (is_over)
            keep_watch(store, wakes, seen, most_ms);
        else
            is_over = !thread_wait_until(&store->changed, &store->mutex, end_ms);
    }
    pthread_mutex_unlock(&store->mutex);
}
