/* SPDX-License-Identifier: Apache-2.0
 *
 * What workers do in turn: hand in a job that is done, take the next. Turns that come together are
 * one transaction, of two statements at most, and so wait for the disk together.
 *
 *     store_pg_complete.c  handing in
 *     store_pg_claim.c     taking
 *     store_pg_turn.c      the transaction
 */
#ifndef QUEUE_STORE_PG_TURN_H
#define QUEUE_STORE_PG_TURN_H

#include "queue/store_pg.h"

/* One call of store_claim. */
struct pg_claim {
    const char *worker;
    int64_t number;
    struct arena *arena; /* for `out` */
    struct job *out;
    bool is_found;
};

/* One call of store_complete. */
struct pg_completion {
    const struct ticket *ticket;
    const struct job_file *file;
    const struct job_progress *progress;
    const struct job_warnings *warnings;
    bool is_mine;
};

/* One of the two. */
struct pg_turn {
    struct group_item item;
    struct pg_claim *claim;
    struct pg_completion *completion;
};

/* Waits until the turn was taken, with others or alone. */
bool pg_turn_run(struct pg_store *store, struct pg_turn *turn, struct err *err) MUST_CHECK;

/* ---- The two statements: prepared, run in pg_turn_all, and their results taken ---- */

enum { PG_CLAIM_VALUES = 7, PG_COMPLETE_VALUES = 4 };

struct pg_claim_call {
    struct pg_number numbers[PG_CLAIM_VALUES];
    struct buf claims;
    struct buf workers;
    const char *values[PG_CLAIM_VALUES];
};

struct pg_call pg_claim_prepare(struct pg_store *store, struct pg_claim *const *claims,
                                size_t count, struct pg_claim_call *call);
void pg_claim_call_done(struct pg_claim_call *call);
void pg_claim_take(struct pg_store *store, struct pg_claim *const *claims, size_t count,
                   const PGresult *result);

struct pg_complete_call {
    struct pg_number numbers[PG_COMPLETE_VALUES];
    char *json;
    const char *values[PG_COMPLETE_VALUES];
};

struct pg_call pg_complete_prepare(struct pg_store *store, struct pg_completion *const *completions,
                                   size_t count, struct pg_complete_call *call);
void pg_complete_call_done(struct pg_complete_call *call);
void pg_complete_take(struct pg_store *store, struct pg_completion *const *completions,
                      size_t count, const PGresult *result);

#endif
