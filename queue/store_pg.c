/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: the store's own life, how statements are run and what their errors mean to
 * whoever called.
 */
#include "queue/store_pg.h"

#include "base/digest.h"
#include "base/mem.h"
#include "sql_queries.h"

#include <inttypes.h>

enum {
    TAKE_CONNECTION_MS = 5000,
    VITAL_MS = 500,
    VITAL_CONNECTIONS = 3, /* the pulse, a Health call, the heartbeat */
    TURNS_MAX = 64,
};

/* ---- Values ---- */

const char *pg_int(struct pg_number *number, int64_t value)
{
    (void)snprintf(number->text, sizeof number->text, "%" PRId64, value);
    return number->text;
}

const char *pg_now(const struct pg_store *store, struct pg_number *number)
{
    return store->clock ? pg_int(number, clock_now_ms(store->clock)) : NULL;
}

const char *pg_slot(struct pg_store *store, struct pg_number *number)
{
    return pg_int(number, atomic_fetch_add(&store->next_slot, 1) % PG_COUNTER_SLOTS);
}

void pg_add_element(struct buf *array, const char *text)
{
    buf_add_char(array, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_add_char(array, '\\');
        buf_add_char(array, *text);
    }
    buf_add_char(array, '"');
}

const char *pg_text(struct arena *arena, struct str text)
{
    return str_is_empty(text) ? "" : arena_copy_text(arena, text);
}

const char *pg_text_or_null(struct arena *arena, struct str text)
{
    return str_is_empty(text) ? NULL : arena_copy_text(arena, text);
}

/* ---- Running statements ---- */

static const struct pg_statement no_sync = {"no_sync", SQL_NO_SYNC, 0};
const struct pg_call pg_no_sync = {&no_sync, NULL};

void pg_clear(PGresult *const *result)
{
    PQclear(*result);
}

bool pg_store_fail(struct err *err)
{
    struct err cause = *err;
    if (err_code_is_retryable(cause.code))
        return err_set(err, ERR_UNAVAILABLE, "the queue: %s; try again", cause.text);
    if (cause.code == ERR_SOURCE_DENIED)
        return err_set(err, ERR_UNAVAILABLE, "the queue: %s", cause.text);
    return err_set(err, ERR_INTERNAL, "the queue: %s", cause.text);
}

/* Tells an error, and notes that the database does not answer. */
static bool fail_call(struct pg_store *store, struct err *err)
{
    (void)pg_store_fail(err);
    if (err->code == ERR_UNAVAILABLE)
        atomic_store(&store->failed_ms, clock_monotonic_ms());
    return false;
}

/* Of a standby, which answers, but takes nothing. */
static bool refuse_standby(struct err *err)
{
    return err_set(err, ERR_SOURCE_UNAVAILABLE,
                   "the database only reads, as a standby does; is it the primary?");
}

bool pg_store_run(struct pg_store *store, const struct pg_call *calls, size_t count, PGresult **out,
                  struct err *err)
{
    struct pg *pg = NULL;
    if (!pg_pool_take(store->pool, TAKE_CONNECTION_MS, NULL, &pg, err))
        return fail_call(store, err);
    bool is_ok = pg_run_all(pg, calls, count, PG_STATEMENT_MS, out, err);
    if (!is_ok && strcmp(pg_error_sqlstate(pg), "25006") == 0)
        (void)refuse_standby(err);
    pg_pool_give(store->pool, pg);
    return is_ok || fail_call(store, err);
}

bool pg_store_run_vital(struct pg_store *store, const struct pg_statement *statement,
                        const char *const *values, PGresult **out, struct err *err)
{
    struct pg *pg = NULL;
    if (!pg_pool_take(store->vital, VITAL_MS, NULL, &pg, err))
        return fail_call(store, err);
    bool is_ok = pg_run(pg, statement, values, VITAL_MS, out, err);
    pg_pool_give(store->vital, pg);
    if (!is_ok)
        return fail_call(store, err);
    pg_pool_retry_now(store->pool); /* should it wait to connect again */
    return true;
}

bool pg_store_run_one(struct pg_store *store, const struct pg_statement *statement,
                      const char *const *values, PGresult **out, struct err *err)
{
    const struct pg_call call = {statement, values};
    return pg_store_run(store, &call, 1, out, err);
}

/* ---- What happened ---- */

void pg_publish(struct pg_store *store, const struct job *job)
{
    pg_events_tell(store->events, job);
    if (job->state == JOB_QUEUED)
        pg_wake_workers(store, false);
}

bool pg_publish_row(struct pg_store *store, const PGresult *result, struct arena *arena,
                    struct job *out)
{
    if (PQntuples(result) == 0)
        return false;
    pg_read_job(result, 0, arena, out);
    pg_publish(store, out);
    return true;
}

/* ---- Health ---- */

static int64_t database_now(const struct clock *clock)
{
    const struct pg_clock *database = CONTAINER_OF(clock, const struct pg_clock, clock);
    return clock_now_ms(&clock_system) + (int64_t)atomic_load(&database->ahead_ms);
}

/* Health is asked every second and has to know soon: it waits less long than others. It also sets
 * our clock by the database's. */
static bool pg_count(struct store *base, struct store_counters *out, struct err *err)
{
    static const struct pg_statement count = {"count", SQL_COUNT, 0};
    struct pg_store *store = pg_store_of(base);
    PGresult *result CLEANUP(pg_clear) = NULL;
    int64_t due_ms = 0;
    int64_t now_ms = 0;
    int64_t *const fields[] = {&out->queued,          &out->running, &out->processed,
                               &out->failed,          &out->retried, &out->cancelled,
                               &out->avg_duration_ms, &due_ms,       &now_ms};
    if (!pg_store_run_vital(store, &count, NULL, &result, err))
        return false;
    if (PQgetvalue(result, 0, (int)COUNT_OF(fields))[0] == 't')
        return refuse_standby(err) || fail_call(store, err);
    for (int i = 0; i < (int)COUNT_OF(fields); i++)
        if (!str_to_int64(str_of(PQgetvalue(result, 0, i)), fields[i]))
            return err_set(err, ERR_INTERNAL, "the queue's counters hold no numbers");
    atomic_store(&store->database_clock.ahead_ms, now_ms - clock_now_ms(&clock_system));
    int64_t age_ms = (store->clock ? clock_now_ms(store->clock) : now_ms) - due_ms;
    out->queue_age_ms = due_ms && age_ms > 0 ? age_ms : 0;
    return true;
}

static void pg_read_connections(struct store *base, struct store_connections *out)
{
    const struct pg_store *store = pg_store_of(base);
    struct pg_pool_use many;
    struct pg_pool_use vital;
    pg_pool_read_use(store->pool, &many);
    pg_pool_read_use(store->vital, &vital);
    *out = (struct store_connections){
        .in_use = (int64_t)(many.in_use + vital.in_use),
        .open = (int64_t)(many.open + vital.open),
        .most = (int64_t)(many.most + vital.most),
    };
}

/* ---- The store's life ---- */

static void pg_free(struct store *base)
{
    struct pg_store *store = pg_store_of(base);
    pg_events_stop(store->events);
    group_done(&store->creates);
    group_done(&store->turns);
    pg_pool_free(store->vital);
    pg_pool_free(store->pool);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    free(store->retry_delays);
    free(store);
}

static const struct store_ops pg_ops = {
    .free = pg_free,
    .create = pg_create,
    .get = pg_get,
    .list = pg_list,
    .cancel = pg_cancel_job,
    .retry = pg_retry,
    .remove = pg_remove,
    .list_audit = pg_list_audit,
    .issue_token = pg_issue_token,
    .download_open = pg_download_open,
    .download_renew = pg_download_renew,
    .download_close = pg_download_close,
    .claim = pg_claim,
    .wait = pg_wait_work,
    .wake = pg_wake,
    .heartbeat = pg_heartbeat,
    .progress = pg_progress,
    .complete = pg_complete,
    .fail = pg_fail_job,
    .release = pg_release,
    .rescue = pg_rescue,
    .list_expired = pg_list_expired,
    .expire = pg_expire,
    .find_orphans = pg_find_orphans,
    .prune = pg_prune,
    .set_webhooks = pg_set_webhooks,
    .claim_deliveries = pg_claim_deliveries,
    .settle_delivery = pg_settle_delivery,
    .list_deliveries = pg_list_deliveries,
    .resend_delivery = pg_resend_delivery,
    .count = pg_count,
    .read_connections = pg_read_connections,
};

static void wake_workers(void *store)
{
    pg_wake_workers(store, true);
}

static bool read_id(struct pg_store *store, struct err *err)
{
    static const struct pg_statement queue_id = {"queue_id", SQL_QUEUE_ID, 0};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &queue_id, NULL, &result, err))
        return false;
    return (PQntuples(result) == 1 &&
            uuid_parse(str_of(PQgetvalue(result, 0, 0)), &store->base.id)) ||
           err_set(err, ERR_INTERNAL,
                   "the table exportq.queue has not its one row; was it changed?");
}

static bool start(struct pg_store *store, const struct store_pg_options *pg, struct hub *hub,
                  struct err *err)
{
    struct store_counters counters;
    if (!pg_check_columns(store, err) || !read_id(store, err) ||
        !pg_count(&store->base, &counters, err))
        return false;
    const struct pg_events_options options = {
        .url = pg->events_url ? pg->events_url : pg->url,
        .application_name = pg->application_name,
        .hub = hub,
        .work = wake_workers,
        .target = store,
        .pool = store->pool,
    };
    return pg_events_start(&options, &store->events, err) || pg_store_fail(err);
}

bool store_pg_open(const struct store_options *options, const struct store_pg_options *pg,
                   const struct clock *clock, struct hub *hub, struct store **out, struct err *err)
{
    const struct pg_options connection = {
        .url = pg->url, .application_name = pg->application_name, .is_preparing = true};
    struct pg_store *store = mem_new(struct pg_store);
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    store->base.ops = &pg_ops;
    store->options = *options;
    store->clock = clock;
    store->database_clock.clock.now_ms = database_now;
    store->base.clock = clock ? clock : &store->database_clock.clock;
    const struct pg_options vital = {.url = pg->url,
                                     .application_name = pg->application_name,
                                     .is_preparing = true,
                                     .haste_ms = VITAL_MS};
    store->pool = pg_pool_new(&connection, pg->max_connections);
    store->vital = pg_pool_new(&vital, VITAL_CONNECTIONS);
    store->retry_delays = pg_retry_delays(&options->retry);
    (void)snprintf(store->retry_spread, sizeof store->retry_spread, "%d.%02d",
                   options->retry.jitter_percent / 100, options->retry.jitter_percent % 100);
    atomic_init(&store->next_slot, random);
    pthread_mutex_init(&store->mutex, NULL);
    thread_condition_init(&store->changed);
    group_init(&store->creates, GROUP_MAX, pg_create_all, store);
    group_init(&store->turns, TURNS_MAX, pg_turn_all, store);
    if (!start(store, pg, hub, err)) {
        pg_free(&store->base);
        return false;
    }
    *out = &store->base;
    return true;
}
