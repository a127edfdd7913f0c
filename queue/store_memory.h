/* SPDX-License-Identifier: Apache-2.0
 *
 * The store in memory, as its own files see it: store_memory.c (what doors ask),
 * store_memory_job.c (how jobs are found and change), store_memory_line.c (whose turn it is),
 * store_memory_work.c (what workers and the janitor ask), store_memory_download.c (tokens and
 * leases), store_memory_outbox.c (who is to be told of ends). Nobody else includes this.
 *
 * One mutex guards everything; each call takes it once, so each is one atomic step. The hub is told
 * with the mutex held, which is what keeps its changes in order.
 */
#ifndef QUEUE_STORE_MEMORY_H
#define QUEUE_STORE_MEMORY_H

#include "base/list.h"
#include "base/thread.h"
#include "queue/audit_ring.h"
#include "queue/download.h"
#include "queue/heap.h"
#include "queue/index.h"
#include "queue/store.h"

/* An owner with at least one job. */
struct memory_owner {
    struct index_node by_name;
    struct list jobs;  /* in order of creation */
    struct list due;   /* QUEUED and due, first in first out */
    struct list ended; /* final without a file, in the order in which they ended */
    size_t ended_count;
    struct heap_node in_line;
    int32_t active;
    int32_t running;
    size_t name_len;
    char name[];
};

struct memory_job {
    struct index_node by_id;
    struct index_node by_request; /* in no index without a request_id */
    struct list by_owner;
    struct list by_age;    /* all jobs, in order of creation */
    struct list by_state;  /* its owner's due, or running or finished */
    struct list by_ending; /* its owner's ended */
    struct heap_node in_waiting;
    struct memory_owner *owner;
    struct arena arena;  /* what was asked for: lives as long as the job */
    struct arena result; /* texts of job.error and job.file: anew with each outcome */
    struct job job;
    struct download download;
    int64_t download_until_ms; /* steady: how long its lease holds */
    int64_t due_ms;            /* QUEUED: when it may be claimed */
    int64_t claim;             /* RUNNING: the ticket's */
    int64_t lease_until_ms;    /* steady */
    char worker[WORKER_NAME_MAX];
};

struct memory_subscriber {
    struct subscriber who;
    bool is_gone; /* it answered so */
};

/* Each delivery is in `all`, and in `due`, `leased` or `settled`. */
struct memory_outbox {
    struct arena arena; /* of the subscribers */
    struct memory_subscriber *told;
    size_t told_count;
    struct list all;     /* in the order in which they were written */
    struct heap due;     /* PENDING and not leased, the next due first */
    struct list leased;  /* PENDING and leased */
    struct list settled; /* in the order in which they were settled */
    size_t count;
    int64_t last;
};

struct memory_store {
    struct store base; /* first: the ops get its address */
    struct store_options options;
    const struct clock *clock;
    struct hub *hub; /* may be NULL */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a job was queued, or store_wake was called */
    uint64_t wakes;
    struct uuid_maker ids;
    int64_t last_claim;
    int64_t last_lease;
    int64_t total_duration_ms;
    struct store_counters counters;
    struct audit_ring *audit;
    struct memory_outbox outbox;
    struct list all;
    struct heap line;     /* owners with due jobs: whose turn it is comes first */
    struct heap waiting;  /* jobs QUEUED for a retry, the next due first */
    struct list running;  /* RUNNING */
    struct list finished; /* final, in the order in which they ended, but for those in expired */
    struct list
        expired; /* COMPLETED, and retention was seen to be over: whose turn is next first */
    struct index by_id;
    struct index by_request;
    struct index by_owner;
};

static inline struct memory_store *memory_of(struct store *store)
{
    return (struct memory_store *)(void *)store;
}

static inline int64_t memory_now(const struct memory_store *store)
{
    return clock_now_ms(store->clock);
}

/* What leases go by. */
static inline int64_t memory_steady(const struct memory_store *store)
{
    return clock_steady_ms(store->clock);
}

/* ---- All with the mutex held ---- */

/* NULL: there is none. */
struct memory_job *memory_look_up(const struct memory_store *store, struct uuid id);
struct memory_job *memory_look_up_request(const struct memory_store *store, struct str owner,
                                          struct str request_id);
struct memory_owner *memory_look_up_owner(const struct memory_store *store, struct str name);

/* ERR_NOT_FOUND: there is none. */
bool memory_find(struct memory_store *store, struct uuid id, struct memory_job **out,
                 struct err *err) MUST_CHECK;

/* A new queued job, due now. The caller publishes. */
struct memory_job *memory_add(struct memory_store *store, const struct job_draft *draft);

/* The one place where a state changes: counts, lists, times; the caller has set what else changes,
 * and publishes. */
void memory_move(struct memory_store *store, struct memory_job *entry, enum job_state to);

/* Raises the revision and tells the hub. */
void memory_publish(struct memory_store *store, struct memory_job *entry);

/* Writes an act to the audit, and to *acts. */
void memory_note(struct memory_store *store, enum audit_action action, const struct actor *actor,
                 const struct job *job, unsigned *acts);

/* Writes the deliveries of a job that has just ended. */
void memory_outbox_write(struct memory_store *store, const struct job *job);

/* Forgets deliveries whose time is over, at most `limit`. */
void memory_outbox_prune(struct memory_store *store, size_t limit);

void memory_outbox_init(struct memory_outbox *outbox);
void memory_outbox_done(struct memory_outbox *outbox);

/* Forgets the job and frees it. */
void memory_forget(struct memory_store *store, struct memory_job *entry);

void memory_line_init(struct memory_store *store);
void memory_line_done(struct memory_store *store);

/* Puts a job that is QUEUED in the line for `due_ms` and tells who waits for work. */
void memory_line_add(struct memory_store *store, struct memory_job *entry, int64_t due_ms);

/* The job whose turn it is; NULL: none is due. */
struct memory_job *memory_line_first(struct memory_store *store);

/* Milliseconds until memory_line_first may give a job, 0: it would now; -1: none is queued. */
int64_t memory_line_due_in(struct memory_store *store);

/* How long the job that waits longest has been due; 0: none is. Looks at each owner that has some.
 */
int64_t memory_line_age(struct memory_store *store);

/* Takes a job out of where its state has put it: the line, those that wait, run or are finished.
 * The number of its owner's running jobs may have changed before. */
void memory_line_leave(struct memory_store *store, struct memory_job *entry);

/* The ops of the other files. */
bool memory_issue_token(struct store *store, struct uuid id, const struct actor *actor,
                        int64_t *out_token_no, struct err *err);
bool memory_download_open(struct store *store, const struct download_request *request,
                          struct arena *arena, struct job *out, int64_t *out_lease,
                          struct err *err);
bool memory_download_renew(struct store *store, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err);
bool memory_download_close(struct store *store, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err);
bool memory_claim(struct store *store, const char *worker, struct arena *arena, struct job *out,
                  struct ticket *out_ticket, bool *out_found, struct err *err);
void memory_wait(struct store *store, int64_t timeout_ms);
void memory_wake(struct store *store);
bool memory_heartbeat(struct store *store, const struct ticket *tickets, size_t count,
                      bool *out_is_lost, struct err *err);
bool memory_progress(struct store *store, const struct ticket *ticket,
                     const struct job_progress *progress, bool *out_is_mine, struct err *err);
bool memory_complete(struct store *store, const struct ticket *ticket, const struct job_file *file,
                     const struct job_progress *progress, const struct job_warnings *warnings,
                     bool *out_is_mine, struct err *err);
bool memory_fail(struct store *store, const struct ticket *ticket, const struct err *why,
                 struct arena *arena, struct job *out, bool *out_is_mine, struct err *err);
bool memory_release(struct store *store, const struct ticket *ticket, bool *out_is_mine,
                    struct err *err);
bool memory_rescue(struct store *store, struct arena *arena, const struct job **out,
                   size_t *out_count, struct err *err);
bool memory_list_expired(struct store *store, size_t limit, struct arena *arena,
                         const struct job **out, size_t *out_count, struct err *err);
bool memory_expire(struct store *store, struct uuid id, bool *out_is_expired, struct err *err);
bool memory_find_orphans(struct store *store, const struct attempt_file *files, size_t count,
                         bool *out_is_orphan, struct err *err);
bool memory_prune(struct store *store, size_t limit, size_t *out_count, struct err *err);
bool memory_set_webhooks(struct store *store, const struct subscribers *told, struct arena *arena,
                         struct subscribers_change *out, struct err *err);
bool memory_claim_deliveries(struct store *store, size_t limit, struct arena *arena,
                             const struct delivery **out, size_t *out_count, struct err *err);
bool memory_settle_delivery(struct store *store, const struct delivery *delivery,
                            const struct delivery_outcome *outcome, bool *out_is_mine,
                            struct err *err);
bool memory_list_deliveries(struct store *store, const struct delivery_query *query,
                            struct arena *arena, const struct delivery **out, size_t *out_count,
                            struct err *err);
bool memory_resend_delivery(struct store *store, const struct delivery_again *again,
                            struct arena *arena, struct delivery *out, unsigned *out_acts,
                            struct err *err);
bool memory_count(struct store *store, struct store_counters *out, struct err *err);

#endif
