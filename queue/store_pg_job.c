/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: what doors ask of single jobs, and lists.
 */
#include "base/buf.h"
#include "queue/refusal.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum { STATES_MAX_BYTES = 128 };

static bool read_one(struct pg_store *store, struct uuid id, struct arena *arena, struct job *out,
                     struct err *err)
{
    static const struct pg_statement get = {"get_job", SQL_GET_JOB, 1};
    char id_text[UUID_TEXT_LEN + 1];
    uuid_format(id, id_text);
    const char *const values[] = {id_text};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &get, values, &result, err))
        return false;
    if (PQntuples(result) == 0)
        return refuse_unknown(id, err);
    pg_read_job(result, 0, arena, out);
    return true;
}

bool pg_get(struct store *base, struct uuid id, struct arena *arena, struct job *out,
            struct err *err)
{
    return read_one(pg_store_of(base), id, arena, out, err);
}

/* ---- Lists ---- */

static const char *write_states(unsigned states, struct buf *array)
{
    if (!states)
        return NULL;
    buf_init(array, STATES_MAX_BYTES);
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        if (!(states & BIT(state)))
            continue;
        buf_add_char(array, array->len ? ',' : '{');
        buf_add_text(array, job_state_name((enum job_state)state));
    }
    buf_add_char(array, '}');
    return array->ptr;
}

/* A watch begins with the list of an owner's active jobs: from then on it counts on hearing of
 * them, so what was read is known to have been told, and is looked up where a note is lost. */
static void see_active(struct pg_store *store, const struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (job_state_is_active(jobs[i].state))
            pg_events_see(store->events, &jobs[i]);
}

bool pg_list(struct store *base, const struct job_query *query, struct arena *arena,
             const struct job **out, size_t *out_count, struct err *err)
{
    /* without a name: planned for these values, so that each uses the index that fits */
    static const struct pg_statement list = {NULL, SQL_LIST_JOBS, 6};
    struct buf states CLEANUP(buf_done) = {0};
    struct pg_number limit;
    char before[UUID_TEXT_LEN + 1];
    if (query->has_before)
        uuid_format(query->before, before);
    const char *const values[] = {
        pg_text_or_null(arena, query->owner), write_states(query->states, &states),
        pg_text_or_null(arena, query->type),  pg_text_or_null(arena, query->request_id),
        query->has_before ? before : NULL,    pg_int(&limit, (int64_t)query->limit)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(pg_store_of(base), &list, values, &result, err))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct job *jobs = arena_alloc_array(arena, count, sizeof *jobs);
    for (size_t i = 0; i < count; i++)
        pg_read_job(result, (int)i, arena, &jobs[i]);
    see_active(pg_store_of(base), jobs, count);
    *out = jobs;
    *out_count = count;
    return true;
}

/* ---- Changes ---- */

bool pg_cancel_job(struct store *base, struct uuid id, const struct actor *actor,
                   struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    static const struct pg_statement cancel = {"cancel", SQL_CANCEL, 6};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number retention;
    struct pg_number slot;
    char id_text[UUID_TEXT_LEN + 1];
    uuid_format(id, id_text);
    const char *const values[] = {pg_now(store, &now),
                                  id_text,
                                  pg_int(&retention, store->options.retention_ms),
                                  pg_slot(store, &slot),
                                  pg_text(arena, actor->name),
                                  pg_text(arena, actor->address)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &cancel, values, &result, err))
        return false;
    if (pg_publish_row(store, result, arena, out)) {
        *out_acts |= BIT(AUDIT_CANCEL);
        return true;
    }
    if (!read_one(store, id, arena, out, err))
        return false;
    return out->state == JOB_CANCELLED || refuse_state(out, CANCEL_NEEDS, err);
}

/* Queues the job again if it still is as it was read. */
static bool retry_from(struct pg_store *store, const struct job *job, const struct actor *actor,
                       struct arena *arena, struct job *out, bool *out_is_queued, struct err *err)
{
    static const struct pg_statement lock = {"lock_owner", SQL_LOCK_OWNER, 1};
    static const struct pg_statement retry = {"retry", SQL_RETRY, 7};
    struct pg_number now;
    struct pg_number limit;
    struct pg_number attempts;
    struct pg_number revision;
    char id_text[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id_text);
    const char *const lock_values[] = {pg_text(arena, job->owner)};
    const char *const retry_values[] = {pg_now(store, &now),
                                        id_text,
                                        pg_int(&limit, store->options.max_active_per_owner),
                                        pg_int(&attempts, store->options.retry.max_attempts),
                                        pg_int(&revision, job->revision),
                                        pg_text(arena, actor->name),
                                        pg_text(arena, actor->address)};
    const struct pg_call calls[] = {{&lock, lock_values}, {&retry, retry_values}};
    PGresult *results[COUNT_OF(calls)] = {0};
    if (!pg_store_run(store, calls, COUNT_OF(calls), results, err))
        return false;
    *out_is_queued = pg_publish_row(store, results[1], arena, out);
    PQclear(results[0]);
    PQclear(results[1]);
    return true;
}

bool pg_retry(struct store *base, struct uuid id, const struct actor *actor, struct arena *arena,
              struct job *out, struct err *err)
{
    struct pg_store *store = pg_store_of(base);
    int64_t tried = 0; /* the revision that was tried last */
    for (;;) {
        struct job job = {0};
        bool is_queued = false;
        if (!read_one(store, id, arena, &job, err))
            return false;
        if (job.state != JOB_FAILED && job.state != JOB_CANCELLED)
            return refuse_state(&job, RETRY_NEEDS, err);
        if (job.revision == tried) /* nobody changed it, so it is the limit */
            return refuse_limit(store->options.max_active_per_owner, err);
        pg_events_see(store->events, &job);
        if (!retry_from(store, &job, actor, arena, out, &is_queued, err))
            return false;
        if (is_queued)
            return true;
        tried = job.revision;
    }
}

bool pg_remove(struct store *base, struct uuid id, const struct actor *actor, struct arena *arena,
               struct job *out, unsigned *out_acts, struct err *err)
{
    static const struct pg_statement remove_job = {"remove", SQL_REMOVE, 4};
    struct pg_store *store = pg_store_of(base);
    char id_text[UUID_TEXT_LEN + 1];
    uuid_format(id, id_text);
    struct pg_number now;
    const char *const values[] = {pg_now(store, &now), id_text, pg_text(arena, actor->name),
                                  pg_text(arena, actor->address)};
    for (;;) {
        PGresult *result CLEANUP(pg_clear) = NULL;
        if (!pg_cancel_job(base, id, actor, arena, out, out_acts, err) &&
            err->code != ERR_WRONG_STATE)
            return false;
        if (!pg_store_run_one(store, &remove_job, values, &result, err))
            return false;
        if (PQntuples(result) == 0)
            continue; /* it was queued again in between, or is gone: the next look tells */
        pg_read_job(result, 0, arena, out);
        pg_events_see(store->events, out);
        pg_events_tell_gone(store->events, out);
        *out_acts |= BIT(AUDIT_DELETE);
        return true;
    }
}
