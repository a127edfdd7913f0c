/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: what the janitor asks.
 */
#include "base/buf.h"
#include "queue/refusal.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum { RESCUE_BATCH = 100, ARRAY_MAX_BYTES = 1 << 20 };

bool pg_rescue(struct store *base, struct arena *arena, const struct job **out, size_t *out_count,
               struct err *err)
{
    static const struct pg_statement rescue = {"rescue", SQL_RESCUE, 9};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number most;
    struct pg_number retention;
    struct pg_number slot;
    struct pg_number lease;
    const char *const values[] = {pg_now(store, &now),
                                  pg_int(&most, RESCUE_BATCH),
                                  err_code_name(ERR_WORKER_LOST),
                                  LOST_WORKER,
                                  store->retry_delays,
                                  pg_int(&retention, store->options.retention_ms),
                                  pg_slot(store, &slot),
                                  store->retry_spread,
                                  pg_int(&lease, store->options.lease_ms)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    *out_count = 0;
    int64_t failed_ms = (int64_t)atomic_load(&store->failed_ms);
    if (failed_ms && clock_monotonic_ms() - failed_ms < store->options.lease_ms)
        return true; /* workers could not renew their leases either; they get the time for it */
    if (!pg_store_run_one(store, &rescue, values, &result, err))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct job *jobs = arena_alloc_array(arena, count, sizeof *jobs);
    for (size_t i = 0; i < count; i++) {
        pg_read_job(result, (int)i, arena, &jobs[i]);
        struct job lost = job_as_it_was(&jobs[i], JOB_RUNNING, jobs[i].revision - 1);
        pg_events_see(store->events, &lost);
        pg_publish(store, &jobs[i]);
    }
    *out = jobs;
    *out_count = count;
    return true;
}

/* Where the list of expired jobs goes on. */
struct place {
    struct pg_number expires_ms;
    char id[UUID_TEXT_LEN + 1];
};

static void get_place(struct pg_store *store, struct place *out)
{
    pthread_mutex_lock(&store->mutex);
    (void)pg_int(&out->expires_ms, store->last_expired_ms);
    uuid_format(store->last_expired, out->id);
    pthread_mutex_unlock(&store->mutex);
}

static void set_place(struct pg_store *store, const struct job *last)
{
    pthread_mutex_lock(&store->mutex);
    store->last_expired_ms = last->expires_ms;
    store->last_expired = last->id;
    pthread_mutex_unlock(&store->mutex);
}

bool pg_list_expired(struct store *base, size_t limit, struct arena *arena, const struct job **out,
                     size_t *out_count, struct err *err)
{
    static const struct pg_statement list = {"list_expired", SQL_LIST_EXPIRED, 4};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number most;
    struct place place;
    get_place(store, &place);
    const char *const values[] = {pg_now(store, &now), pg_int(&most, (int64_t)limit),
                                  place.expires_ms.text, place.id};
    PGresult *result CLEANUP(pg_clear) = NULL;
    *out_count = 0;
    if (!pg_store_run_one(store, &list, values, &result, err))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct job *jobs = arena_alloc_array(arena, count, sizeof *jobs);
    for (size_t i = 0; i < count; i++) {
        pg_read_job(result, (int)i, arena, &jobs[i]);
        pg_events_see(store->events, &jobs[i]);
    }
    if (count)
        set_place(store, &jobs[count - 1]);
    *out = jobs;
    *out_count = count;
    return true;
}

bool pg_expire(struct store *base, struct uuid id, bool *out_is_expired, struct err *err)
{
    static const struct pg_statement expire = {"expire", SQL_EXPIRE, 3};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number retention;
    char id_text[UUID_TEXT_LEN + 1];
    uuid_format(id, id_text);
    const char *const values[] = {pg_now(store, &now), id_text,
                                  pg_int(&retention, store->options.retention_ms)};
    return pg_store_change(store, &expire, values, out_is_expired, err);
}

/* Array literals, as many elements as there are files. */
struct file_arrays {
    struct buf ids;
    struct buf attempts;
    struct buf keys;
};

static void file_arrays_done(struct file_arrays *arrays)
{
    buf_done(&arrays->ids);
    buf_done(&arrays->attempts);
    buf_done(&arrays->keys);
}

static bool write_files(const struct attempt_file *files, size_t count, struct arena *arena,
                        struct file_arrays *out, struct err *err)
{
    struct buf *const bufs[] = {&out->ids, &out->attempts, &out->keys};
    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_init(bufs[i], ARRAY_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        char id[UUID_TEXT_LEN + 1];
        char separator = i ? ',' : '{';
        uuid_format(files[i].id, id);
        buf_printf(&out->ids, "%c%s", separator, id);
        buf_printf(&out->attempts, "%c%d", separator, (int)files[i].attempt);
        buf_add_char(&out->keys, separator);
        pg_add_element(&out->keys, pg_text(arena, files[i].key));
    }
    bool is_whole = true;
    for (size_t i = 0; i < COUNT_OF(bufs); i++) {
        buf_add_char(bufs[i], '}');
        is_whole = is_whole && buf_is_ok(bufs[i]);
    }
    return is_whole || err_set(err, ERR_INTERNAL, "too many files to look up at once");
}

bool pg_find_orphans(struct store *base, const struct attempt_file *files, size_t count,
                     bool *out_is_orphan, struct err *err)
{
    static const struct pg_statement find = {"find_orphans", SQL_FIND_ORPHANS, 3};
    struct pg_store *store = pg_store_of(base);
    struct arena arena CLEANUP(arena_done) = {0};
    struct file_arrays arrays CLEANUP(file_arrays_done) = {0};
    if (count == 0)
        return true;
    if (!write_files(files, count, &arena, &arrays, err))
        return false;
    const char *const values[] = {arrays.ids.ptr, arrays.attempts.ptr, arrays.keys.ptr};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &find, values, &result, err))
        return false;
    for (size_t i = 0; i < count; i++)
        out_is_orphan[i] = false;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t place = 0;
        if (str_to_int64(str_of(PQgetvalue(result, row, 0)), &place) && place >= 1 &&
            place <= (int64_t)count)
            out_is_orphan[place - 1] = true;
    }
    return true;
}

bool pg_prune(struct store *base, size_t limit, size_t *out_count, struct err *err)
{
    static const struct pg_statement prune = {"prune", SQL_PRUNE, 2};
    static const struct pg_statement deliveries = {"prune_deliveries", SQL_PRUNE_DELIVERIES, 4};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number most;
    struct pg_number retention;
    struct pg_number forsaken;
    const char *const values[] = {pg_now(store, &now), pg_int(&most, (int64_t)limit),
                                  pg_int(&retention, store->options.retention_ms),
                                  pg_int(&forsaken, DELIVERY_FORSAKEN_MS)};
    const struct pg_call calls[] = {{&prune, values}, {&deliveries, values}};
    PGresult *results[COUNT_OF(calls)] = {0};
    if (!pg_store_run(store, calls, COUNT_OF(calls), results, err))
        return false;
    int64_t count = 0;
    if (str_to_int64(str_of(PQcmdTuples(results[0])), &count))
        *out_count = (size_t)count;
    PQclear(results[0]);
    PQclear(results[1]);
    return true;
}
