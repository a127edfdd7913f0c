/* SPDX-License-Identifier: Apache-2.0
 *
 * Where jobs live, and the only wire between the doors that take jobs and the workers that run
 * them. Two stores keep these promises: memory (queue/store_memory.c) and PostgreSQL; one
 * conformance suite (tests/store) holds both to them.
 *
 * 1. A job whose create was answered ends in exactly one of COMPLETED, FAILED, CANCELLED.
 * 2. Only the holder of the current attempt can change a running job: every such call carries a
 *    ticket, and one that is out of date changes nothing and says so.
 * 3. The owner's limit of active jobs is exact at every instant.
 * 4. The same request_id with the same content gives the same job, also when both arrive at once.
 * 5. Every change is published to the hub, in order; every change raises the job's revision. (Where
 *    several change one job at once in PostgreSQL, it may be left out that it was QUEUED or RUNNING
 *    for a moment; an end never is.)
 * 6. What somebody does with a job is in the audit exactly if it was done: both are one step.
 * 7. Whoever is to be told of a job's end has a delivery exactly if it ended: both are one step.
 *
 * All functions are thread-safe. Jobs are handed out as copies in the caller's arena. A store that
 * cannot answer fails with ERR_UNAVAILABLE.
 */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include "base/clock.h"
#include "queue/audit.h"
#include "queue/delivery.h"
#include "queue/hub.h"
#include "queue/job.h"
#include "queue/retry.h"

struct store;

struct store_options {
    int32_t max_active_per_owner; /* EXPORT_MAX_ACTIVE_PER_USER */
    struct retry_policy retry;
    int32_t downloads_per_job; /* EXPORT_DOWNLOADS_PER_JOB; 0: any number */
    int64_t retention_ms;      /* EXPORT_RETENTION */
    int64_t lease_ms;          /* how long a claim holds without a heartbeat */
    int64_t download_lease_ms; /* how long a download holds the file without a renewal */
    int64_t download_grace_ms; /* how long a spent token still serves a tail that got lost */
};

/* The defaults of the contract for the memory store. */
struct store_options store_options_default(void);

/* What the memory store keeps of an owner's jobs that ended and have no file: FAILED, CANCELLED and
 * EXPIRED. The one that ended first is forgotten first, before its time, so that creating and
 * cancelling takes no more and more memory. Jobs that have a file are not counted and stay until it
 * was removed. (The PostgreSQL store has a disk, and goes by time alone.) */
enum { STORE_MEMORY_MAX_ENDED = 1000 };

/* How many entries of its audit the memory store keeps: the newest. */
enum { STORE_MEMORY_MAX_AUDIT = 10000 };

/* How many deliveries the memory store keeps; beyond, the one that was settled first is forgotten,
 * and where none was settled, the oldest. */
enum { STORE_MEMORY_MAX_DELIVERIES = 10000 };

/* Jobs in this process, lost at its end. Leases go by the clock's steady hand, so that setting the
 * wall clock loses no running job and no download. `clock` and `hub` outlive the store; `hub` may
 * be NULL. */
struct store *store_memory_new(const struct store_options *options, const struct clock *clock,
                               struct hub *hub);

/* Where a durable store lives. Texts are copied. */
struct store_pg_options {
    const char *url;        /* postgres://… */
    const char *events_url; /* for LISTEN, where `url` leads to a pooler; NULL: `url` */
    const char *application_name;
    size_t max_connections; /* but for three that stay free for what is vital, and one to listen */
};

/* Jobs in PostgreSQL, in schema exportq, which must have been migrated (store_pg_migrate). Any
 * number of processes share one. `clock` is for tests; NULL: the database's. `hub` outlives the
 * store; it hears of what other processes do, too. ERR_UNAVAILABLE; ERR_INTERNAL: the schema is not
 * ours. */
bool store_pg_open(const struct store_options *options, const struct store_pg_options *pg,
                   const struct clock *clock, struct hub *hub, struct store **out,
                   struct err *err) MUST_CHECK;

/* Brings the schema at `url` up to this version; safe when several processes do so at once. A
 * schema that is newer is ERR_INVALID: the text says what to do. A database that refuses the
 * connection is ERR_SOURCE_DENIED. *out_steps: how many steps were taken; with `is_check` none is,
 * and it tells how many are missing. */
bool store_pg_migrate(const char *url, bool is_check, int *out_steps, struct err *err) MUST_CHECK;

void store_free(struct store *store);

/* The clock that the store's times are by, for times that others have to agree on. Lives as long
 * as the store. */
const struct clock *store_clock(const struct store *store);

/* Which queue it is, for what belongs to one: the same for all processes that share a durable one.
 */
struct uuid store_id(const struct store *store);

/* ---- For the doors ---- */

/* Where a call may do something or find it done, *out_acts tells which entries were written to the
 * audit, BIT(enum audit_action)…; NULL: the caller does not care. */

struct job_draft {
    struct actor actor;
    struct str owner;
    struct str request_id;   /* empty: none */
    struct str trace_parent; /* the same; a request_id that is known keeps that of the first */
    struct str trace_state;  /* the same, beside it */
    struct job_spec spec;
};

/* A new queued job; or the one that has the request_id already, which is no act. ERR_LIMIT (with
 * retry_after_ms): the owner has max_active_per_owner active jobs. ERR_EXISTS: the request_id has
 * other content. */
bool store_create(struct store *store, const struct job_draft *draft, struct arena *arena,
                  struct job *out, unsigned *out_acts, struct err *err) MUST_CHECK;

/* ERR_NOT_FOUND: there is none. */
bool store_get(struct store *store, struct uuid id, struct arena *arena, struct job *out,
               struct err *err) MUST_CHECK;

struct job_query {
    struct str owner;      /* empty: every owner */
    unsigned states;       /* BIT(enum job_state)…; 0: any */
    struct str type;       /* empty: any */
    struct str request_id; /* empty: any */
    bool has_before;       /* keyset paging: only jobs with an id below `before` */
    struct uuid before;
    size_t limit; /* 1 to 1000 */
};

/* Jobs in descending order of id; an array in `arena`. */
bool store_list(struct store *store, const struct job_query *query, struct arena *arena,
                const struct job **out, size_t *out_count, struct err *err) MUST_CHECK;

/* QUEUED or RUNNING → CANCELLED at once; the worker learns of it from the hub or its next call. A
 * cancelled job stays as it is, which is no act. ERR_WRONG_STATE: it ended otherwise. */
bool store_cancel(struct store *store, struct uuid id, const struct actor *actor,
                  struct arena *arena, struct job *out, unsigned *out_acts,
                  struct err *err) MUST_CHECK;

/* FAILED or CANCELLED → QUEUED, attempts counted anew, error, progress and completion cleared;
 * counts against the limit (ERR_LIMIT). ERR_WRONG_STATE: in any other state. */
bool store_retry(struct store *store, struct uuid id, const struct actor *actor,
                 struct arena *arena, struct job *out, struct err *err) MUST_CHECK;

/* Forgets the job; `out` is what it was, so that its file can be removed. An active job is
 * cancelled first; watchers are told both, and both are in the audit. */
bool store_remove(struct store *store, struct uuid id, const struct actor *actor,
                  struct arena *arena, struct job *out, unsigned *out_acts,
                  struct err *err) MUST_CHECK;

/* Entries of the audit, newest first; an array in `arena`. They outlive their jobs. (In memory the
 * newest STORE_MEMORY_MAX_AUDIT are kept.) */
bool store_list_audit(struct store *store, const struct audit_query *query, struct arena *arena,
                      const struct audit_entry **out, size_t *out_count,
                      struct err *err) MUST_CHECK;

/* ---- For downloads (exports-research.md §4.1): each is one compare-and-set ---- */

/* Raises the job's token number, which ends the older tokens: none of them opens the file any more.
 * A download under way goes on, and counts if it reaches the end; the new token is for the next
 * one, if there may be one.
 * ERR_NOT_READY: not completed yet; ERR_WRONG_STATE: it ended without a file; ERR_EXPIRED:
 * retention is over; ERR_USED: downloaded as often as it may be. */
bool store_issue_token(struct store *store, struct uuid id, const struct actor *actor,
                       int64_t *out_token_no, struct err *err) MUST_CHECK;

/* What opens a file. */
struct download_request {
    struct uuid id; /* the job's */
    int64_t token_no;
    int64_t offset; /* the first byte that is wanted */
    struct actor actor;
};

/* Opens the file for one download: gives the job and a lease number. `offset` > 0 resumes: allowed
 * until spent, and for download_grace_ms after. ERR_NOT_FOUND; ERR_EXPIRED: a newer token was
 * issued, or retention is over; ERR_USED: spent; ERR_BUSY (with retry_after_ms): another download
 * holds the lease; ERR_INVALID in "offset": beyond the end. */
bool store_download_open(struct store *store, const struct download_request *request,
                         struct arena *arena, struct job *out, int64_t *out_lease,
                         struct err *err) MUST_CHECK;

/* How far one transfer of a file came. */
struct transfer {
    int64_t from;     /* the offset it began at */
    int64_t taken;    /* [from, taken) was handed over; below `from`: not even the header was */
    int64_t sent;     /* what lies between `taken` and here was sent, and may have arrived or not */
    int64_t token_no; /* of the token that opened it */
};

/* Renews the lease; tells what was handed over. Only a contiguous prefix from 0 counts, over all
 * transfers since the file was last spent; when it reaches the file's size, the token is spent and
 * the download is counted, once a transfer. (The end of an empty file is reached by the first
 * [0, 0).) A later transfer that begins within what was sent says that all before it arrived.
 * ERR_BUSY: the lease was lost. */
bool store_download_renew(struct store *store, struct uuid id, int64_t lease,
                          const struct transfer *transfer, struct err *err) MUST_CHECK;

/* The same, and gives the lease back. Of a lease that was lost only a whole file counts, and that
 * once: it was had while the store was away. */
bool store_download_close(struct store *store, struct uuid id, int64_t lease,
                          const struct transfer *transfer, struct err *err) MUST_CHECK;

/* ---- For workers ---- */

enum { WORKER_NAME_MAX = 64 };

/* Which attempt of which job, and whose it is. Attempts are counted anew by store_retry, so a
 * number that the store never gives twice tells one claim from another. */
struct ticket {
    struct uuid id;
    int32_t attempt;
    int64_t claim;
    char worker[WORKER_NAME_MAX];
};

/* The next due job: QUEUED → RUNNING, attempt + 1, leased. Among due jobs owners with fewer running
 * jobs go first; among those, first in, first out. No job: true with *out_found false. */
bool store_claim(struct store *store, const char *worker, struct arena *arena, struct job *out,
                 struct ticket *out_ticket, bool *out_found, struct err *err) MUST_CHECK;

/* Waits until a job may be due, at most `timeout_ms`; returns early on store_wake. (In PostgreSQL
 * one of the threads that wait looks after it for all; the others wait until it is their turn to
 * look, at most a minute.) */
void store_wait(struct store *store, int64_t timeout_ms);

/* Ends every store_wait that is under way. */
void store_wake(struct store *store);

/* Extends the leases; out_is_lost[i] tells that ticket i no longer holds its job. */
bool store_heartbeat(struct store *store, const struct ticket *tickets, size_t count,
                     bool *out_is_lost, struct err *err) MUST_CHECK;

/* *out_is_mine false: the job is no longer the ticket's; nothing was changed. */
bool store_progress(struct store *store, const struct ticket *ticket,
                    const struct job_progress *progress, bool *out_is_mine,
                    struct err *err) MUST_CHECK;

/* RUNNING → COMPLETED with its file. */
bool store_complete(struct store *store, const struct ticket *ticket, const struct job_file *file,
                    const struct job_progress *progress, const struct job_warnings *warnings,
                    bool *out_is_mine, struct err *err) MUST_CHECK;

/* RUNNING → QUEUED for a retry, if the policy has one, else → FAILED. `out` is what the job then
 * is, if it was the ticket's. */
bool store_fail(struct store *store, const struct ticket *ticket, const struct err *why,
                struct arena *arena, struct job *out, bool *out_is_mine,
                struct err *err) MUST_CHECK;

/* RUNNING → QUEUED because the worker ends; the attempt is not counted. */
bool store_release(struct store *store, const struct ticket *ticket, bool *out_is_mine,
                   struct err *err) MUST_CHECK;

/* ---- For the janitor ---- */

/* Jobs whose lease ran out: as store_fail with ERR_WORKER_LOST. `out` is what they then are: each
 * is given to one caller only. */
bool store_rescue(struct store *store, struct arena *arena, const struct job **out,
                  size_t *out_count, struct err *err) MUST_CHECK;

/* Completed jobs whose retention is over and that nobody is downloading, at most `limit`: their
 * files are to be removed, then store_expire tells so. No download begins meanwhile. Where there
 * are more than `limit`, those that stayed when they were given out before do not come first for
 * ever: they go round, and each has its turn, however many files cannot be removed. */
bool store_list_expired(struct store *store, size_t limit, struct arena *arena,
                        const struct job **out, size_t *out_count, struct err *err) MUST_CHECK;

/* COMPLETED → EXPIRED: the file is gone, its key is empty. The row stays for one more retention
 * time, so that its owner is told "expired" and not "no such job". A job that was removed
 * meanwhile, or that another janitor was quicker with, is fine: *out_is_expired says whether this
 * call did it. */
bool store_expire(struct store *store, struct uuid id, bool *out_is_expired,
                  struct err *err) MUST_CHECK;

/* A file that an attempt of a job made, or is making. */
struct attempt_file {
    struct uuid id; /* the job's */
    int32_t attempt;
    struct str key;
};

/* Which files no job has, nor will have: out_is_orphan[i] tells that the job of file i is gone, or
 * has another file or none and does not run that attempt. An orphan stays one, and may be removed:
 * an attempt that is over cannot complete its job, and the next one makes a file of its own. (The
 * other way round it takes patience: attempts are counted anew by store_retry, so what was left by
 * attempt 1 is no orphan while another attempt 1 runs.) */
bool store_find_orphans(struct store *store, const struct attempt_file *files, size_t count,
                        bool *out_is_orphan, struct err *err) MUST_CHECK;

/* Forgets failed, cancelled and expired jobs whose time is over, at most `limit`; and as many
 * deliveries that were settled a retention time ago, or that nobody has sent for a week. */
bool store_prune(struct store *store, size_t limit, size_t *out_count, struct err *err) MUST_CHECK;

/* ---- For who tells of ends ---- */

/* Who is told of ends from now on, whichever process ends the jobs; those before are not any more.
 * One that turned out to be gone is told again only after it was not among them. *out: what is
 * other than before, in `arena`. */
bool store_set_webhooks(struct store *store, const struct subscribers *told, struct arena *arena,
                        struct subscribers_change *out, struct err *err) MUST_CHECK;

/* Due deliveries, at most `limit`: attempt + 1, leased for DELIVERY_LEASE_MS. A URL gets as many as
 * DELIVERY_MAX_OF_URL allows and an owner as many as DELIVERY_MAX_OF_OWNER does, so that those of
 * others have their turn. One whose lease ran out is
 * due again; one of these that is older than DELIVERY_MAX_AGE_MS comes GIVEN_UP, for the log. */
bool store_claim_deliveries(struct store *store, size_t limit, struct arena *arena,
                            const struct delivery **out, size_t *out_count,
                            struct err *err) MUST_CHECK;

/* Hands in what the claimed attempt of a delivery came to. *out_is_mine false: its lease ran out
 * and somebody else has it, or it was given up with its URL; nothing was changed. */
bool store_settle_delivery(struct store *store, const struct delivery *delivery,
                           const struct delivery_outcome *outcome, bool *out_is_mine,
                           struct err *err) MUST_CHECK;

/* Deliveries that are kept, newest first; an array in `arena`. */
bool store_list_deliveries(struct store *store, const struct delivery_query *query,
                           struct arena *arena, const struct delivery **out, size_t *out_count,
                           struct err *err) MUST_CHECK;

/* A delivery is due now, whether it was settled or waits for its next attempt; `out` is what it
 * then is. One that is under way stays as it is, which is no act. ERR_NOT_FOUND: there is none, or
 * its job has another owner. */
bool store_resend_delivery(struct store *store, const struct delivery_again *again,
                           struct arena *arena, struct delivery *out, unsigned *out_acts,
                           struct err *err) MUST_CHECK;

/* ---- For health ---- */

struct store_counters {
    int64_t queued;          /* now */
    int64_t running;         /* now */
    int64_t processed;       /* completed so far */
    int64_t failed;          /* for good */
    int64_t retried;         /* attempts queued again */
    int64_t cancelled;       /* so far */
    int64_t avg_duration_ms; /* from the start of the last attempt to completion */
    int64_t queue_age_ms;    /* how long a worker could have had the queued job that waits longest;
                                0: none is due */
};

/* Also tells whether the store answers. */
bool store_count(struct store *store, struct store_counters *out, struct err *err) MUST_CHECK;

/* The connections to the database that all calls share. */
struct store_connections {
    int64_t in_use;
    int64_t open;
    int64_t most; /* 0: the store has no database */
};

/* As it is now; asks nobody. */
void store_read_connections(struct store *store, struct store_connections *out);

/* ---- For stores only: a store begins with `struct store`, each op keeps its function's promise
 * ---- */

struct store_ops {
    void (*free)(struct store *store);
    bool (*create)(struct store *store, const struct job_draft *draft, struct arena *arena,
                   struct job *out, unsigned *out_acts, struct err *err);
    bool (*get)(struct store *store, struct uuid id, struct arena *arena, struct job *out,
                struct err *err);
    bool (*list)(struct store *store, const struct job_query *query, struct arena *arena,
                 const struct job **out, size_t *out_count, struct err *err);
    bool (*cancel)(struct store *store, struct uuid id, const struct actor *actor,
                   struct arena *arena, struct job *out, unsigned *out_acts, struct err *err);
    bool (*retry)(struct store *store, struct uuid id, const struct actor *actor,
                  struct arena *arena, struct job *out, struct err *err);
    bool (*remove)(struct store *store, struct uuid id, const struct actor *actor,
                   struct arena *arena, struct job *out, unsigned *out_acts, struct err *err);
    bool (*list_audit)(struct store *store, const struct audit_query *query, struct arena *arena,
                       const struct audit_entry **out, size_t *out_count, struct err *err);
    bool (*issue_token)(struct store *store, struct uuid id, const struct actor *actor,
                        int64_t *out_token_no, struct err *err);
    bool (*download_open)(struct store *store, const struct download_request *request,
                          struct arena *arena, struct job *out, int64_t *out_lease,
                          struct err *err);
    bool (*download_renew)(struct store *store, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err);
    bool (*download_close)(struct store *store, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err);
    bool (*claim)(struct store *store, const char *worker, struct arena *arena, struct job *out,
                  struct ticket *out_ticket, bool *out_found, struct err *err);
    void (*wait)(struct store *store, int64_t timeout_ms);
    void (*wake)(struct store *store);
    bool (*heartbeat)(struct store *store, const struct ticket *tickets, size_t count,
                      bool *out_is_lost, struct err *err);
    bool (*progress)(struct store *store, const struct ticket *ticket,
                     const struct job_progress *progress, bool *out_is_mine, struct err *err);
    bool (*complete)(struct store *store, const struct ticket *ticket, const struct job_file *file,
                     const struct job_progress *progress, const struct job_warnings *warnings,
                     bool *out_is_mine, struct err *err);
    bool (*fail)(struct store *store, const struct ticket *ticket, const struct err *why,
                 struct arena *arena, struct job *out, bool *out_is_mine, struct err *err);
    bool (*release)(struct store *store, const struct ticket *ticket, bool *out_is_mine,
                    struct err *err);
    bool (*rescue)(struct store *store, struct arena *arena, const struct job **out,
                   size_t *out_count, struct err *err);
    bool (*list_expired)(struct store *store, size_t limit, struct arena *arena,
                         const struct job **out, size_t *out_count, struct err *err);
    bool (*expire)(struct store *store, struct uuid id, bool *out_is_expired, struct err *err);
    bool (*find_orphans)(struct store *store, const struct attempt_file *files, size_t count,
                         bool *out_is_orphan, struct err *err);
    bool (*prune)(struct store *store, size_t limit, size_t *out_count, struct err *err);
    bool (*set_webhooks)(struct store *store, const struct subscribers *told, struct arena *arena,
                         struct subscribers_change *out, struct err *err);
    bool (*claim_deliveries)(struct store *store, size_t limit, struct arena *arena,
                             const struct delivery **out, size_t *out_count, struct err *err);
    bool (*settle_delivery)(struct store *store, const struct delivery *delivery,
                            const struct delivery_outcome *outcome, bool *out_is_mine,
                            struct err *err);
    bool (*list_deliveries)(struct store *store, const struct delivery_query *query,
                            struct arena *arena, const struct delivery **out, size_t *out_count,
                            struct err *err);
    bool (*resend_delivery)(struct store *store, const struct delivery_again *again,
                            struct arena *arena, struct delivery *out, unsigned *out_acts,
                            struct err *err);
    bool (*count)(struct store *store, struct store_counters *out, struct err *err);
    void (*read_connections)(struct store *store, struct store_connections *out); /* NULL: none */
};

struct store {
    const struct store_ops *ops;
    const struct clock *clock;
    struct uuid id;
};

#endif
