/* SPDX-License-Identifier: Apache-2.0
 *
 * One job, as values: what was asked for, where it stands, what came of it. A struct job owns
 * nothing: its texts lie in the arena it was copied into (job_copy). Times are milliseconds since
 * 1970 by the store's clock; 0: not yet.
 */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"

enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_EXPIRED, /* was completed; its file is gone */
    JOB_STATE_COUNT
};

enum job_phase { PHASE_QUEUED, PHASE_QUERYING, PHASE_WRITING, PHASE_FINISHING, PHASE_STORING };
enum job_total_kind { TOTAL_UNKNOWN, TOTAL_ESTIMATED, TOTAL_EXACT };
enum job_newline { NEWLINE_UNSAID, NEWLINE_CRLF, NEWLINE_LF }; /* as numbers in the store */
enum job_compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
enum job_dialect { DIALECT_RFC4180, DIALECT_EXCEL };

struct job_filter {
    struct str name;
    const struct str *values;
    size_t value_count;
};

struct job_presentation {
    struct str locale;    /* empty: none */
    struct str time_zone; /* empty: UTC */
    char delimiter;       /* 0: the format's own */
    bool has_bom;
    enum job_newline newline;
    enum job_compression compression;
    bool is_unguarded; /* the formula guard is switched off */
    bool has_exact_numbers_text;
    enum job_dialect dialect;
    bool has_titles;      /* the header has titles, not names */
    struct str null_text; /* empty: null is nothing */
    bool has_places;      /* numbers have `places` digits after the point, not their own */
    int32_t places;
};

/* What is asked for; checked by the door before it comes to the store. */
struct job_spec {
    struct str type;
    struct str format;
    const struct job_filter *filters;
    size_t filter_count;
    const struct str *columns; /* none: the type's default columns */
    size_t column_count;
    int64_t limit; /* 0: all rows */
    struct job_presentation presentation;
    struct str webhook_url;
};

struct job_progress {
    enum job_phase phase;
    int64_t rows_done;
    int64_t rows_total;
    enum job_total_kind total_kind;
    int64_t bytes_written;
};

/* The fidelity report. */
struct job_warnings {
    int64_t cells_guarded;
    int64_t non_finite;
    int64_t text_replaced;
    int64_t kept_as_text;
    int32_t sheets;
};

/* Why the last attempt failed; code ERR_NONE if none did. */
struct job_error {
    enum err_code code;
    struct str message;
};

/* The file; key is empty unless there is one. */
struct job_file {
    struct str key; /* in the file store; never shown */
    struct str name;
    struct str content_type;
    struct str sha256;
    int64_t size;
    int64_t rows;
};

struct job {
    struct uuid id;
    struct job_spec spec;
    struct str owner;
    struct str request_id; /* empty: none */
    struct str
        trace_parent; /* as base/trace.h reads it, of the call that made the job; empty: none */
    struct str trace_state; /* the same, beside it */
    enum job_state state;
    int32_t attempt; /* 0 before the first */
    int32_t max_attempts;
    struct job_progress progress;
    struct job_warnings warnings;
    struct job_error error;
    struct job_file file;
    int64_t created_ms;
    int64_t started_ms;      /* of the latest attempt */
    int64_t completed_ms;    /* when it reached a final state */
    int64_t next_attempt_ms; /* only while a retry waits */
    int64_t due_ms;          /* since when a worker may have it: a claim came started_ms - due_ms
                                later. Only of a job that store_claim gives */
    int64_t expires_ms;      /* when retention comes; set once it ended */
    int32_t downloads_used;  /* whole downloads of the file so far; no change of the job */
    int64_t revision;        /* rises with every change, progress included */
};

/* Whether the state machine has this move. */
bool job_may_move(enum job_state from, enum job_state to);

/* COMPLETED, FAILED, CANCELLED, EXPIRED: no worker will touch it. */
bool job_state_is_final(enum job_state state);

/* QUEUED or RUNNING: counts against the owner's limit. */
bool job_state_is_active(enum job_state state);

/* "QUEUED", …; never NULL. */
const char *job_state_name(enum job_state state);

/* A deep copy whose texts lie in `arena`. */
void job_copy(struct arena *arena, const struct job *job, struct job *out);

/* The job as it was in an earlier state, QUEUED or RUNNING, before it went on: for watchers that
 * are to hear of it all the same. Texts are shared. */
struct job job_as_it_was(const struct job *job, enum job_state state, int64_t revision);

/* Bytes of what a caller may make long: names and values of its filters, names of its columns. */
size_t job_spec_bytes(const struct job_spec *spec);

/* Whether two requests ask for the same: for request_id. The order of filters does not matter. */
bool job_spec_equal(const struct job_spec *a, const struct job_spec *b);

#endif
