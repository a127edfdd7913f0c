/* SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL store, shared among its own files only; others use queue/store.h.
 *
 *     store_pg.c           opening, connections, errors, health
 *     store_pg_migrate.c   the schema
 *     store_pg_row.c       from a row to a job
 *     store_pg_create.c    creating, in batches
 *     store_pg_job.c       what doors ask
 *     store_pg_audit.c     the list of who did what; the other files write it
 *     store_pg_turn.c      handing in and taking jobs, in batches (with _complete.c, _claim.c)
 *     store_pg_wait.c      waiting for work
 *     store_pg_work.c      what else workers tell of running jobs
 *     store_pg_janitor.c   what the janitor asks
 *     store_pg_download.c  tokens and the download lease
 *     store_pg_outbox.c    who is to be told of ends
 *     store_pg_events.c    telling other servers, hearing from them
 *
 * Each change of a job is one statement, whose condition fences it: who does not hold the job
 * changes no row and learns it. SQL stands in sql/queries, a statement a file.
 */
#ifndef QUEUE_STORE_PG_H
#define QUEUE_STORE_PG_H

#include "base/buf.h"
#include "base/group.h"
#include "base/thread.h"
#include "pg/pool.h"
#include "queue/store.h"
#include "queue/store_pg_events.h"

#include <stdatomic.h>

enum {
    PG_STATEMENT_MS = 5000, /* how long a statement of the queue may take */
    PG_COUNTER_SLOTS = 64,
    PG_NUMBER_SIZE = 24, /* an int64 as text */
};

/* The database's clock, as far as it is known here without asking: ours, set right now and then. */
struct pg_clock {
    struct clock clock;
    atomic_llong ahead_ms; /* of ours */
};

struct pg_store {
    struct store base;
    struct store_options options;
    const struct clock *clock; /* NULL: the database's own, as it should be; a test's otherwise */
    struct pg_clock database_clock;
    struct pg_pool *pool;
    struct pg_pool *vital; /* for health and leases, whatever keeps the others busy */
    struct pg_events *events;
    struct group creates;
    struct group turns;
    atomic_uint next_slot;
    atomic_llong failed_ms; /* monotonic: when the database last did not answer; 0: never */
    char *retry_delays;     /* of pg_retry_delays */
    char retry_spread[PG_NUMBER_SIZE]; /* how far a delay is spread: 0.1 is a tenth */
    pthread_mutex_t mutex;             /* guards all below */
    pthread_cond_t changed;
    struct uuid_maker ids;
    uint64_t wakes;
    uint64_t work_seen;   /* rises when there may be work */
    bool has_watch;       /* one of those who wait looks after what nobody tells */
    int64_t due_floor_ms; /* no due job is older, by the last look */
    int64_t look_all_ms;  /* monotonic: when to look at all due jobs again */
    int64_t last_expired_ms;
    struct uuid
        last_expired; /* with its time: the job that the last list of expired ones ended with */
};

static inline struct pg_store *pg_store_of(struct store *base)
{
    return CONTAINER_OF(base, struct pg_store, base);
}

/* ---- Statements ---- */

/* A value of a statement, written to its place among the values. */
struct pg_number {
    char text[PG_NUMBER_SIZE];
};
const char *pg_int(struct pg_number *number, int64_t value);

/* The time for a statement's first parameter: NULL where the database's clock counts. */
const char *pg_now(const struct pg_store *store, struct pg_number *number);

/* The slot to count in: each call another, so that few wait for each other's commit. */
const char *pg_slot(struct pg_store *store, struct pg_number *number);

/* Adds an array literal's element, quoted. */
void pg_add_element(struct buf *array, const char *text);

/* A text of ours as a C string. */
const char *pg_text(struct arena *arena, struct str text);

/* The same; NULL if it is empty. */
const char *pg_text_or_null(struct arena *arena, struct str text);

/* Runs statements in one transaction on a connection of the pool. Errors are for whoever called the
 * store: ERR_UNAVAILABLE, or ERR_INTERNAL where trying again would not help. */
bool pg_store_run(struct pg_store *store, const struct pg_call *calls, size_t count, PGresult **out,
                  struct err *err) MUST_CHECK;
bool pg_store_run_one(struct pg_store *store, const struct pg_statement *statement,
                      const char *const *values, PGresult **out, struct err *err) MUST_CHECK;

/* The same on a vital connection, which is quick to answer or fails. */
bool pg_store_run_vital(struct pg_store *store, const struct pg_statement *statement,
                        const char *const *values, PGresult **out, struct err *err) MUST_CHECK;

/* The error of pg/ as one of the store's. Returns false. */
bool pg_store_fail(struct err *err);

/* Sets synchronous_commit off for the rest of a transaction. */
extern const struct pg_call pg_no_sync;

void pg_clear(PGresult *const *result); /* for CLEANUP */

/* ---- Rows ---- */

/* A row of `select *` from exportq.job; texts are copied into the arena. */
void pg_read_job(const PGresult *result, int row, struct arena *arena, struct job *out);

/* Columns that struct job does not have. */
enum pg_column {
    PG_CLAIM,
    PG_TOKEN_NO,
    PG_DOWNLOAD_LEASE,
    PG_DOWNLOAD_LEASE_UNTIL_MS,
    PG_DOWNLOAD_PREFIX,
    PG_DOWNLOAD_SENT,
    PG_DOWNLOAD_SPENT_MS,
    PG_DOWNLOAD_IS_COUNTING,
    PG_DOWNLOADS_USED,
};
int64_t pg_read_number(const PGresult *result, int row, enum pg_column column);

/* The table has the columns that we read, where we read them. */
bool pg_check_columns(struct pg_store *store, struct err *err) MUST_CHECK;

/* ---- What happened ---- */

/* Tells the hub and, soon, the other servers. */
void pg_publish(struct pg_store *store, const struct job *job);

/* Runs a statement that gives the changed job, or no row, and tells of it. */
bool pg_store_change(struct pg_store *store, const struct pg_statement *statement,
                     const char *const *values, bool *out_is_changed, struct err *err) MUST_CHECK;

/* Reads the one row of a change and tells of it; false if there is none: nothing changed. */
bool pg_publish_row(struct pg_store *store, const PGresult *result, struct arena *arena,
                    struct job *out);

/* There may be work for one of our own workers, or for all of them. */
void pg_wake_workers(struct pg_store *store, bool is_for_all);

/* ---- The work of a group (base/group.h): calls that come together share a transaction ---- */

void pg_create_all(void *store, struct group_item *const *items, size_t count);
void pg_turn_all(void *store, struct group_item *const *items, size_t count);

/* The delay after each attempt, without jitter, as an array literal; to be freed. The last is the
 * delay after all later attempts, too: a job may have more of them than the policy says now. */
char *pg_retry_delays(const struct retry_policy *policy);

/* ---- The operations ---- */

bool pg_create(struct store *store, const struct job_draft *draft, struct arena *arena,
               struct job *out, unsigned *out_acts, struct err *err);
bool pg_get(struct store *store, struct uuid id, struct arena *arena, struct job *out,
            struct err *err);
bool pg_list(struct store *store, const struct job_query *query, struct arena *arena,
             const struct job **out, size_t *out_count, struct err *err);
bool pg_cancel_job(struct store *store, struct uuid id, const struct actor *actor,
                   struct arena *arena, struct job *out, unsigned *out_acts, struct err *err);
bool pg_retry(struct store *store, struct uuid id, const struct actor *actor, struct arena *arena,
              struct job *out, struct err *err);
bool pg_remove(struct store *store, struct uuid id, const struct actor *actor, struct arena *arena,
               struct job *out, unsigned *out_acts, struct err *err);
bool pg_list_audit(struct store *store, const struct audit_query *query, struct arena *arena,
                   const struct audit_entry **out, size_t *out_count, struct err *err);
bool pg_issue_token(struct store *store, struct uuid id, const struct actor *actor,
                    int64_t *out_token_no, struct err *err);
bool pg_download_open(struct store *store, const struct download_request *request,
                      struct arena *arena, struct job *out, int64_t *out_lease, struct err *err);
bool pg_download_renew(struct store *store, struct uuid id, int64_t lease,
                       const struct transfer *transfer, struct err *err);
bool pg_download_close(struct store *store, struct uuid id, int64_t lease,
                       const struct transfer *transfer, struct err *err);
bool pg_claim(struct store *store, const char *worker, struct arena *arena, struct job *out,
              struct ticket *out_ticket, bool *out_found, struct err *err);
void pg_wait_work(struct store *store, int64_t timeout_ms);
void pg_wake(struct store *store);
bool pg_heartbeat(struct store *store, const struct ticket *tickets, size_t count,
                  bool *out_is_lost, struct err *err);
bool pg_progress(struct store *store, const struct ticket *ticket,
                 const struct job_progress *progress, bool *out_is_mine, struct err *err);
bool pg_complete(struct store *store, const struct ticket *ticket, const struct job_file *file,
                 const struct job_progress *progress, const struct job_warnings *warnings,
                 bool *out_is_mine, struct err *err);
bool pg_fail_job(struct store *store, const struct ticket *ticket, const struct err *why,
                 struct arena *arena, struct job *out, bool *out_is_mine, struct err *err);
bool pg_release(struct store *store, const struct ticket *ticket, bool *out_is_mine,
                struct err *err);
bool pg_rescue(struct store *store, struct arena *arena, const struct job **out, size_t *out_count,
               struct err *err);
bool pg_list_expired(struct store *store, size_t limit, struct arena *arena, const struct job **out,
                     size_t *out_count, struct err *err);
bool pg_expire(struct store *store, struct uuid id, bool *out_is_expired, struct err *err);
bool pg_find_orphans(struct store *store, const struct attempt_file *files, size_t count,
                     bool *out_is_orphan, struct err *err);
bool pg_prune(struct store *store, size_t limit, size_t *out_count, struct err *err);
bool pg_set_webhooks(struct store *store, const struct subscribers *told, struct arena *arena,
                     struct subscribers_change *out, struct err *err);
bool pg_claim_deliveries(struct store *store, size_t limit, struct arena *arena,
                         const struct delivery **out, size_t *out_count, struct err *err);
bool pg_settle_delivery(struct store *store, const struct delivery *delivery,
                        const struct delivery_outcome *outcome, bool *out_is_mine, struct err *err);
bool pg_list_deliveries(struct store *store, const struct delivery_query *query,
                        struct arena *arena, const struct delivery **out, size_t *out_count,
                        struct err *err);
bool pg_resend_delivery(struct store *store, const struct delivery_again *again,
                        struct arena *arena, struct delivery *out, unsigned *out_acts,
                        struct err *err);

#endif
