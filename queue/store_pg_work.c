/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: what workers tell of the jobs they run. The claim number in each condition
 * is the fence: no row, no longer the ticket's job.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum {
    ARRAY_MAX_BYTES = 1 << 20,
    DELAYS_MAX = 64, /* by then a delay that doubles has reached any cap */
};

char *pg_retry_delays(const struct retry_policy *policy)
{
    struct buf array;
    struct retry_policy exact = *policy;
    exact.jitter_percent = 0;
    buf_init(&array, ARRAY_MAX_BYTES);
    int64_t delay_ms = -1;
    for (int32_t attempt = 1; attempt <= DELAYS_MAX && delay_ms < policy->cap_ms; attempt++) {
        delay_ms = retry_delay_ms(&exact, attempt, 0);
        buf_printf(&array, "%c%lld", attempt > 1 ? ',' : '{', (long long)delay_ms);
    }
    buf_add_char(&array, '}');
    return array.ptr;
}

/* The first values of a statement about a ticket's job: all that the fence asks for. */
struct holder {
    struct pg_number now_number;
    struct pg_number claim_number;
    struct pg_number attempt_number;
    char id_text[UUID_TEXT_LEN + 1];
    const char *now;
    const char *id;
    const char *claim;
    const char *attempt;
    const char *worker;
};

static void name_holder(const struct pg_store *store, const struct ticket *ticket,
                        struct holder *out)
{
    uuid_format(ticket->id, out->id_text);
    out->id = out->id_text;
    out->now = pg_now(store, &out->now_number);
    out->claim = pg_int(&out->claim_number, ticket->claim);
    out->attempt = pg_int(&out->attempt_number, ticket->attempt);
    out->worker = ticket->worker;
}

/* Runs a statement that gives the changed job, or no row. */
static bool change(struct pg_store *store, const struct pg_call *call, bool is_synced,
                   struct arena *arena, struct job *out, bool *out_is_mine, struct err *err)
{
    const struct pg_call calls[] = {pg_no_sync, *call};
    PGresult *results[COUNT_OF(calls)] = {0};
    size_t first = is_synced ? 1 : 0;
    if (!pg_store_run(store, calls + first, COUNT_OF(calls) - first, results + first, err))
        return false;
    *out_is_mine = pg_publish_row(store, results[1], arena, out);
    PQclear(results[0]);
    PQclear(results[1]);
    return true;
}

bool pg_store_change(struct pg_store *store, const struct pg_statement *statement,
                     const char *const *values, bool *out_is_changed, struct err *err)
{
    const struct pg_call call = {statement, values};
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    return change(store, &call, true, &arena, &job, out_is_changed, err);
}

/* ---- While it runs ---- */

/* Array literals, as many elements as there are tickets. */
struct ticket_arrays {
    struct buf ids;
    struct buf claims;
    struct buf attempts;
    struct buf workers;
};

static void ticket_arrays_done(struct ticket_arrays *arrays)
{
    buf_done(&arrays->ids);
    buf_done(&arrays->claims);
    buf_done(&arrays->attempts);
    buf_done(&arrays->workers);
}

static void write_tickets(const struct ticket *tickets, size_t count, struct ticket_arrays *out)
{
    struct buf *const bufs[] = {&out->ids, &out->claims, &out->attempts, &out->workers};
    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_init(bufs[i], ARRAY_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        char id[UUID_TEXT_LEN + 1];
        char separator = i ? ',' : '{';
        uuid_format(tickets[i].id, id);
        buf_printf(&out->ids, "%c%s", separator, id);
        buf_printf(&out->claims, "%c%lld", separator, (long long)tickets[i].claim);
        buf_printf(&out->attempts, "%c%d", separator, (int)tickets[i].attempt);
        buf_add_char(&out->workers, separator);
        pg_add_element(&out->workers, tickets[i].worker);
    }
    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_add_char(bufs[i], '}');
}

bool pg_heartbeat(struct store *base, const struct ticket *tickets, size_t count, bool *out_is_lost,
                  struct err *err)
{
    static const struct pg_statement heartbeat = {"heartbeat", SQL_HEARTBEAT, 6};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number lease;
    struct ticket_arrays arrays CLEANUP(ticket_arrays_done) = {0};
    if (count == 0)
        return true;
    write_tickets(tickets, count, &arrays);
    const char *const values[] = {pg_now(store, &now), pg_int(&lease, store->options.lease_ms),
                                  arrays.ids.ptr,      arrays.claims.ptr,
                                  arrays.attempts.ptr, arrays.workers.ptr};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_vital(store, &heartbeat, values, &result, err))
        return false;
    for (size_t i = 0; i < count; i++)
        out_is_lost[i] = true;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t place = 0;
        if (str_to_int64(str_of(PQgetvalue(result, row, 0)), &place) && place >= 1 &&
            place <= (int64_t)count)
            out_is_lost[place - 1] = false;
    }
    return true;
}

bool pg_progress(struct store *base, const struct ticket *ticket,
                 const struct job_progress *progress, bool *out_is_mine, struct err *err)
{
    static const struct pg_statement statement = {"progress", SQL_PROGRESS, 9};
    struct pg_store *store = pg_store_of(base);
    struct holder holder;
    struct pg_number numbers[5];
    name_holder(store, ticket, &holder);
    const char *const values[] = {holder.id,
                                  holder.claim,
                                  holder.attempt,
                                  holder.worker,
                                  pg_int(&numbers[0], progress->phase),
                                  pg_int(&numbers[1], progress->rows_done),
                                  pg_int(&numbers[2], progress->rows_total),
                                  pg_int(&numbers[3], progress->total_kind),
                                  pg_int(&numbers[4], progress->bytes_written)};
    const struct pg_call call = {&statement, values};
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    return change(store, &call, false, &arena, &job, out_is_mine, err);
}

/* ---- Its end ---- */

bool pg_fail_job(struct store *base, const struct ticket *ticket, const struct err *why,
                 struct arena *arena, struct job *out, bool *out_is_mine, struct err *err)
{
    static const struct pg_statement fail = {"fail", SQL_FAIL, 12};
    struct pg_store *store = pg_store_of(base);
    struct holder holder;
    struct pg_number retention;
    struct pg_number slot;
    name_holder(store, ticket, &holder);
    const char *const values[] = {holder.now,
                                  holder.id,
                                  holder.claim,
                                  holder.attempt,
                                  holder.worker,
                                  err_code_name(why->code),
                                  why->text,
                                  err_code_is_retryable(why->code) ? "t" : "f",
                                  store->retry_delays,
                                  store->retry_spread,
                                  pg_int(&retention, store->options.retention_ms),
                                  pg_slot(store, &slot)};
    const struct pg_call call = {&fail, values};
    return change(store, &call, true, arena, out, out_is_mine, err);
}

bool pg_release(struct store *base, const struct ticket *ticket, bool *out_is_mine, struct err *err)
{
    static const struct pg_statement release = {"release", SQL_RELEASE, 5};
    struct pg_store *store = pg_store_of(base);
    struct holder holder;
    name_holder(store, ticket, &holder);
    const char *const values[] = {holder.now, holder.id, holder.claim, holder.attempt,
                                  holder.worker};
    return pg_store_change(store, &release, values, out_is_mine, err);
}
