/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_turn.h. Jobs are handed in before others are taken, so that who is done counts as
 * free.
 */
#include "queue/store_pg_turn.h"

/* The turns of a batch, sorted by what they are. */
struct sorted {
    struct pg_claim *claims[GROUP_MAX];
    struct pg_completion *completions[GROUP_MAX];
    size_t claim_count;
    size_t completion_count;
};

/* The rows of jobs are locked in the order of their ids, here as by heartbeat.sql. */
static int compare(const void *a, const void *b)
{
    const struct pg_completion *const *left = a;
    const struct pg_completion *const *right = b;
    return uuid_compare((*left)->ticket->id, (*right)->ticket->id);
}

static void sort(struct group_item *const *items, size_t count, struct sorted *out)
{
    out->claim_count = 0;
    out->completion_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct pg_turn *turn = CONTAINER_OF(items[i], struct pg_turn, item);
        if (turn->claim)
            out->claims[out->claim_count++] = turn->claim;
        else
            out->completions[out->completion_count++] = turn->completion;
    }
    qsort(out->completions, out->completion_count, sizeof *out->completions, compare);
}

static bool run(struct pg_store *store, const struct sorted *sorted, struct err *err)
{
    struct pg_complete_call complete CLEANUP(pg_complete_call_done) = {0};
    struct pg_claim_call claim CLEANUP(pg_claim_call_done) = {0};
    struct pg_call calls[2];
    PGresult *results[2] = {0};
    size_t count = 0;
    if (sorted->completion_count)
        calls[count++] =
            pg_complete_prepare(store, sorted->completions, sorted->completion_count, &complete);
    if (sorted->claim_count)
        calls[count++] = pg_claim_prepare(store, sorted->claims, sorted->claim_count, &claim);
    if (!pg_store_run(store, calls, count, results, err))
        return false;
    if (sorted->completion_count)
        pg_complete_take(store, sorted->completions, sorted->completion_count, results[0]);
    if (sorted->claim_count)
        pg_claim_take(store, sorted->claims, sorted->claim_count, results[count - 1]);
    PQclear(results[0]);
    PQclear(results[1]);
    return true;
}

/* A turn that the database refuses for its content must not take the others with it. */
static void run_one_by_one(struct pg_store *store, struct group_item *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sorted sorted;
        sort(&items[i], 1, &sorted);
        items[i]->is_ok = run(store, &sorted, &items[i]->err);
    }
}

void pg_turn_all(void *target, struct group_item *const *items, size_t count)
{
    struct pg_store *store = target;
    struct sorted sorted;
    struct err err = {0};
    sort(items, count, &sorted);
    bool is_ok = run(store, &sorted, &err);
    if (!is_ok && count > 1 && err.code != ERR_UNAVAILABLE) {
        run_one_by_one(store, items, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        items[i]->is_ok = is_ok;
        items[i]->err = err;
    }
}

bool pg_turn_run(struct pg_store *store, struct pg_turn *turn, struct err *err)
{
    if (group_run(&store->turns, &turn->item))
        return true;
    *err = turn->item.err;
    return false;
}
