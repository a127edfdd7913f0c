/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: claiming, and waiting for something to claim. Workers that ask together get
 * their jobs by one statement. Its commit waits for the disk: were a claim undone by a crash of the
 * database, two runs would go by the same attempt. The numbers of claims are random, so that none
 * is ever given twice.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum {
    LOOK_ALL_MS = 1000,      /* how often to look at all due jobs, however old */
    FLOOR_MARGIN_MS = 10000, /* clocks and commits: how much older a job may turn up */
    LOOK_AROUND = 64,        /* due jobs among which to find owners with fewer running ones */
    LONGEST_WAIT_MS = 60 * 1000,
    ARRAY_MAX_BYTES = 64 * 1024,
};

/* One call of store_claim. */
struct wish {
    struct pg_batch_item item;
    const char *worker;
    struct arena *arena;
    int64_t claim;
    struct job *out;
    bool is_found;
};

static struct wish *wish_of(struct pg_batch_item *item)
{
    return CONTAINER_OF(item, struct wish, item);
}

static void write_arrays(struct pg_batch_item *const *items, size_t count, struct buf *claims,
                         struct buf *workers)
{
    buf_init(claims, ARRAY_MAX_BYTES);
    buf_init(workers, ARRAY_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        struct wish *wish = wish_of(items[i]);
        buf_printf(claims, "%c%lld", i ? ',' : '{', (long long)wish->claim);
        buf_add_char(workers, i ? ',' : '{');
        pg_add_element(workers, wish->worker);
    }
    buf_add_char(claims, '}');
    buf_add_char(workers, '}');
}

/* The oldest time from which to look for due jobs. Rows that were claimed but not yet vacuumed lie
 * in front of those that are due; walking over them each time would cost more and more. */
static int64_t look_from(struct pg_store *store)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&store->mutex);
    int64_t from_ms = store->due_floor_ms;
    if (now_ms >= store->look_all_ms) {
        from_ms = 0;
        store->look_all_ms = now_ms + LOOK_ALL_MS;
    }
    pthread_mutex_unlock(&store->mutex);
    return from_ms;
}

static void remember_floor(struct pg_store *store, int64_t oldest_ms)
{
    pthread_mutex_lock(&store->mutex);
    store->due_floor_ms = oldest_ms - FLOOR_MARGIN_MS;
    pthread_mutex_unlock(&store->mutex);
}

static bool run(struct pg_store *store, struct pg_batch_item *const *items, size_t count,
                PGresult **out, struct err *err)
{
    static const struct pg_statement claim = {"claim_jobs", SQL_CLAIM_JOBS, 7};
    struct pg_number now;
    struct pg_number wanted;
    struct pg_number window;
    struct pg_number from;
    struct pg_number lease;
    struct buf claims CLEANUP(buf_done);
    struct buf workers CLEANUP(buf_done);
    write_arrays(items, count, &claims, &workers);
    int64_t around = LOOK_AROUND + 2 * (int64_t)store->options.max_active_per_owner;
    const char *const values[] = {pg_now(store, &now),
                                  pg_int(&wanted, (int64_t)count),
                                  pg_int(&window, around),
                                  pg_int(&from, look_from(store)),
                                  pg_int(&lease, store->options.lease_ms),
                                  claims.ptr,
                                  workers.ptr};
    return pg_store_run_one(store, &claim, values, out, err);
}

/* The row with a wish's claim; -1: there is none. */
static int find_row(const PGresult *result, int64_t claim)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (pg_read_number(result, row, PG_CLAIM) == claim)
            return row;
    return -1;
}

void pg_claim_all(void *target, struct pg_batch_item *const *items, size_t count)
{
    struct pg_store *store = target;
    struct err err = {0};
    PGresult *result CLEANUP(pg_clear) = NULL;
    bool is_run = run(store, items, count, &result, &err);
    int64_t oldest_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        struct wish *wish = wish_of(items[i]);
        int row = is_run ? find_row(result, wish->claim) : -1;
        items[i]->is_ok = is_run;
        items[i]->err = err;
        wish->is_found = row >= 0;
        if (row < 0)
            continue;
        pg_read_job(result, row, wish->arena, wish->out);
        pg_events_tell_claimed(store->events, wish->out);
        if (wish->out->created_ms < oldest_ms)
            oldest_ms = wish->out->created_ms;
    }
    if (oldest_ms < INT64_MAX)
        remember_floor(store, oldest_ms);
}

bool pg_claim(struct store *base, const char *worker, struct arena *arena, struct job *out,
              struct ticket *out_ticket, bool *out_found, struct err *err)
{
    struct pg_store *store = pg_store_of(base);
    struct wish wish = {.worker = worker, .arena = arena, .out = out};
    digest_random(&wish.claim, sizeof wish.claim);
    wish.claim &= INT64_MAX;
    if (!pg_batch_run(&store->claims, &wish.item)) {
        *err = wish.item.err;
        return false;
    }
    *out_found = wish.is_found;
    if (!wish.is_found)
        return true;
    *out_ticket = (struct ticket){.id = out->id, .attempt = out->attempt, .claim = wish.claim};
    (void)snprintf(out_ticket->worker, sizeof out_ticket->worker, "%s", worker);
    return true;
}

/* ---- Waiting ---- */

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
    static const struct pg_statement due = {"due_in", SQL_DUE_IN, 1};
    struct pg_number now;
    const char *const values[] = {pg_now(store, &now)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    struct err ignored;
    int64_t left_ms = most_ms;
    if (!pg_store_run_one(store, &due, values, &result, &ignored) || PQntuples(result) == 0 ||
        !str_to_int64(str_of(PQgetvalue(result, 0, 0)), &left_ms))
        return most_ms;
    return left_ms < 0 ? 0 : left_ms < most_ms ? left_ms : most_ms;
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
