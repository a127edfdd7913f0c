/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_turn.h. Here: claiming. Workers that ask together get their jobs by one statement.
 * Its commit waits for the disk: were a claim undone by a crash of the database, two runs would go
 * by the same attempt. The numbers of claims are random, so that none is ever given twice.
 */
#include "base/digest.h"
#include "queue/store_pg_turn.h"
#include "sql_queries.h"

enum {
    LOOK_ALL_MS = 1000,      /* how often to look at all due jobs, however old */
    FLOOR_MARGIN_MS = 10000, /* clocks and commits: how much older a job may turn up */
    LOOK_AROUND = 16, /* due jobs, beyond those of two hungry owners, among which to find others */
    ARRAY_MAX_BYTES = 64 * 1024,
};

static void write_arrays(struct pg_claim *const *claims, size_t count, struct pg_claim_call *call)
{
    buf_init(&call->claims, ARRAY_MAX_BYTES);
    buf_init(&call->workers, ARRAY_MAX_BYTES);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&call->claims, "%c%lld", i ? ',' : '{', (long long)claims[i]->number);
        buf_add_char(&call->workers, i ? ',' : '{');
        pg_add_element(&call->workers, claims[i]->worker);
    }
    buf_add_char(&call->claims, '}');
    buf_add_char(&call->workers, '}');
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

struct pg_call pg_claim_prepare(struct pg_store *store, struct pg_claim *const *claims,
                                size_t count, struct pg_claim_call *call)
{
    static const struct pg_statement statement = {"claim_jobs", SQL_CLAIM_JOBS, PG_CLAIM_VALUES};
    int64_t around =
        LOOK_AROUND + 2 * ((int64_t)store->options.max_active_per_owner + (int64_t)count);
    write_arrays(claims, count, call);
    const char *const values[PG_CLAIM_VALUES] = {
        pg_now(store, &call->numbers[0]),
        pg_int(&call->numbers[1], (int64_t)count),
        pg_int(&call->numbers[2], around),
        pg_int(&call->numbers[3], look_from(store)),
        pg_int(&call->numbers[4], store->options.lease_ms),
        call->claims.ptr,
        call->workers.ptr,
    };
    memcpy(call->values, values, sizeof values);
    return (struct pg_call){&statement, call->values};
}

void pg_claim_call_done(struct pg_claim_call *call)
{
    buf_done(&call->claims);
    buf_done(&call->workers);
}

/* The row with a claim's number; -1: there is none. */
static int find_row(const PGresult *result, int64_t number)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (pg_read_number(result, row, PG_CLAIM) == number)
            return row;
    return -1;
}

void pg_claim_take(struct pg_store *store, struct pg_claim *const *claims, size_t count,
                   const PGresult *result)
{
    for (size_t i = 0; i < count; i++) {
        struct pg_claim *claim = claims[i];
        int row = find_row(result, claim->number);
        claim->is_found = row >= 0;
        if (row < 0)
            continue;
        pg_read_job(result, row, claim->arena, claim->out);
        pg_events_tell_claimed(store->events, claim->out);
    }
    int64_t oldest_ms = 0;
    if (PQntuples(result) > 0 &&
        str_to_int64(str_of(PQgetvalue(result, 0, PQfnumber(result, "oldest_ms"))), &oldest_ms))
        remember_floor(store, oldest_ms);
}

bool pg_claim(struct store *base, const char *worker, struct arena *arena, struct job *out,
              struct ticket *out_ticket, bool *out_found, struct err *err)
{
    struct pg_claim claim = {.worker = worker, .arena = arena, .out = out};
    struct pg_turn turn = {.claim = &claim};
    digest_random(&claim.number, sizeof claim.number);
    claim.number &= INT64_MAX;
    if (!pg_turn_run(pg_store_of(base), &turn, err))
        return false;
    *out_found = claim.is_found;
    if (!claim.is_found)
        return true;
    *out_ticket = (struct ticket){.id = out->id, .attempt = out->attempt, .claim = claim.number};
    (void)snprintf(out_ticket->worker, sizeof out_ticket->worker, "%s", worker);
    return true;
}
