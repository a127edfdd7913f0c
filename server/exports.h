/* SPDX-License-Identifier: Apache-2.0
 *
 * What the service does, in terms of jobs: the use cases behind every door. No function here knows
 * protobuf or HTTP. Each acts for a caller; another owner's job does not exist for it.
 *
 * All functions are thread-safe. Errors are those of contract.md's table; ERR_UNIMPLEMENTED while
 * the queue is switched off.
 */
#ifndef SERVER_EXPORTS_H
#define SERVER_EXPORTS_H

#include "base/log_rate.h"
#include "files/files.h"
#include "identity/identity.h"
#include "queue/store.h"
#include "server/limits.h"
#include "server/metrics.h"
#include "server/returns.h"
#include "server/token.h"
#include "server/webhooks.h"
#include "worker/plan.h"

#include <stdatomic.h>

/* What the use cases work with; everything outlives it. */
struct exports {
    bool is_enabled; /* ENABLE_EXPORT_QUEUE; if not, all pointers are NULL but clock, identity and
                        limits */
    bool is_persistent;
    const struct clock *clock;
    struct store *store;
    struct hub *hub;
    struct files *files;
    const struct catalog *catalog;
    struct keyring *keys;
    const struct identity *identity; /* also while the queue is off */
    struct limits *limits;           /* the same */
    struct metrics *metrics;         /* told of what is done; NULL: nobody counts */
    const struct webhooks *webhooks; /* NULL: none are sent */
    struct returns *returns;         /* of leases that the store could not be given back */
    int32_t downloads_per_job;       /* EXPORT_DOWNLOADS_PER_JOB; 0: any number */
    int64_t token_ttl_ms;
    int64_t started_ms;           /* clock_monotonic_ms() at the server's start */
    atomic_bool is_draining;      /* no new jobs */
    atomic_bool is_file_store_ok; /* as exports_feel found it last, as the next two */
    atomic_bool is_store_ok;
    _Atomic(int64_t) store_latency_us;
    struct log_rate failures; /* for failure.c, as the next */
    struct log_rate refusals; /* of known callers, which no stranger's hide */
    struct log_rate strangers;
    struct log_rate cuts;
};

bool exports_create(struct exports *exports, const struct caller *caller,
                    const struct job_spec *spec, struct str request_id, struct arena *arena,
                    struct job *out, struct err *err) MUST_CHECK;

/* The id as text, as the caller gave it. */
bool exports_get(struct exports *exports, const struct caller *caller, struct str id,
                 struct arena *arena, struct job *out, struct err *err) MUST_CHECK;

/* Whether this server has the type that a list is to be narrowed to; empty is none. ERR_INVALID in
 * "type". */
bool exports_check_type(struct exports *exports, struct str type, struct arena *arena,
                        struct err *err) MUST_CHECK;

/* A page of jobs; query.owner and query.limit are set here. */
struct exports_list_request {
    int32_t page_size;
    struct str page_token;
    unsigned states;
    struct str type;
    struct str request_id;
    bool has_all_owners;
};

struct exports_page {
    const struct job *jobs;
    size_t count;
    struct str next_page_token; /* empty: the last page */
};

/* ERR_DENIED: only an admin sees the jobs of every owner. */
bool exports_require_admin(const struct caller *caller, struct err *err) MUST_CHECK;

bool exports_list(struct exports *exports, const struct caller *caller,
                  const struct exports_list_request *request, struct arena *arena,
                  struct exports_page *out, struct err *err) MUST_CHECK;

bool exports_cancel(struct exports *exports, const struct caller *caller, struct str id,
                    struct arena *arena, struct job *out, struct err *err) MUST_CHECK;
bool exports_retry(struct exports *exports, const struct caller *caller, struct str id,
                   struct arena *arena, struct job *out, struct err *err) MUST_CHECK;
bool exports_remove(struct exports *exports, const struct caller *caller, struct str id,
                    struct err *err) MUST_CHECK;

/* A fresh token in `arena`. */
bool exports_issue_token(struct exports *exports, const struct caller *caller, struct str id,
                         struct arena *arena, struct str *out_token, int64_t *out_expires_ms,
                         struct err *err) MUST_CHECK;

/* What a token that was checked gives. */
struct exports_pass {
    struct job job;
    int64_t token_no;
};

/* Checks a token, without touching lease or token: what it says has still to be opened. Who has it
 * and says no more may have the file; a caller with an owner sees only what is its own, here too.
 * Of what is refused out->job.id is told alone, the job of a token that is one of ours, for the
 * log; else it is zero. */
bool exports_check_token(struct exports *exports, const struct caller *caller, struct str token,
                         struct arena *arena, struct exports_pass *out, struct err *err) MUST_CHECK;

/* A download that is open: to be ended by store_download_close, file_reader_close and
 * limits_give_back. */
struct exports_download {
    struct job job;
    int64_t token_no;
    int64_t lease;
    struct file_reader *reader;
    struct limits_place place;
};

/* Opens the download. It counts for the job's owner, whoever asks; ERR_LIMIT leaves lease and token
 * as they were. */
bool exports_open_download(struct exports *exports, const struct caller *caller,
                           const struct exports_pass *pass, int64_t offset, struct arena *arena,
                           struct exports_download *out, struct err *err) MUST_CHECK;

/* A page of the audit: exports_audit.c. */
struct exports_audit_request {
    int32_t page_size;
    struct str page_token;
    struct str actor;  /* empty: anybody */
    struct str owner;  /* empty: any */
    struct str job_id; /* empty: any */
    unsigned actions;  /* BIT(enum audit_action)…; 0: any */
    int64_t since_ms;  /* 0: any */
    int64_t until_ms;  /* 0: any */
};

struct exports_audit_page {
    const struct audit_entry *entries;
    size_t count;
    struct str next_page_token; /* empty: the last page */
};

/* ERR_DENIED: the caller is no admin, and the server is not open. */
bool exports_list_audit(struct exports *exports, const struct caller *caller,
                        const struct exports_audit_request *request, struct arena *arena,
                        struct exports_audit_page *out, struct err *err) MUST_CHECK;

/* A page of the log of webhooks, and sending one once more: exports_deliveries.c. */
struct exports_deliveries_request {
    int32_t page_size;
    struct str page_token;
    struct str job_id; /* empty: any */
    unsigned states;   /* BIT(enum delivery_state)…; 0: any */
    bool has_all_owners;
};

struct exports_deliveries_page {
    const struct delivery *deliveries;
    size_t count;
    struct str next_page_token; /* empty: the last page */
};

/* Those of the caller's jobs; an admin may ask for those of any one job, and of all. */
bool exports_list_deliveries(struct exports *exports, const struct caller *caller,
                             const struct exports_deliveries_request *request, struct arena *arena,
                             struct exports_deliveries_page *out, struct err *err) MUST_CHECK;

/* Counts as a created job does, for it makes the server call somebody, too. */
bool exports_resend_delivery(struct exports *exports, const struct caller *caller, struct str id,
                             struct arena *arena, struct delivery *out, struct err *err) MUST_CHECK;

/* ---- For the files of use cases only ---- */

/* Who acts. An address is a hint, and kept short. */
struct actor exports_actor(const struct caller *caller);

/* The job that a list is to be narrowed to; empty is none. ERR_INVALID in "job_id". */
bool exports_take_job(struct str id, bool *out_is_given, struct uuid *out,
                      struct err *err) MUST_CHECK;

/* ---- How things stand ---- */

/* ERR_UNIMPLEMENTED with the switch's name while the queue is off. */
bool exports_require_enabled(const struct exports *exports, struct err *err) MUST_CHECK;

enum exports_status { EXPORTS_OK, EXPORTS_DEGRADED, EXPORTS_DRAINING, EXPORTS_DISABLED };

struct exports_health {
    enum exports_status status;
    bool is_persistent;
    int64_t uptime_ms;
    bool is_store_reachable;
    double store_latency_ms;
    bool is_told_all;  /* else what is below is zero: it is of all owners, and for admins */
    bool has_counters; /* the store told them */
    struct store_counters counters;
    struct limit_use limits[LIMIT_COUNT];
};

/* Asks the store and the file store whether they answer, remembers that for exports_health, and
 * gives how things stand: for the pulse. */
enum exports_status exports_feel(struct exports *exports);

/* Always answers. Only for who is told counters the store is asked; everybody else, who may call as
 * often as it likes and needs no credentials, is told what exports_feel found. */
void exports_health(struct exports *exports, const struct caller *caller,
                    struct exports_health *out);

#endif
