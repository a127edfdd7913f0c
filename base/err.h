/* SPDX-License-Identifier: Apache-2.0
 *
 * An error is a value: a code that programs act on and a text that people read. It is made where
 * the cause is known, passed up unchanged, and mapped to a status once, at the edge.
 *
 *     if (!store_get(store, id, arena, &job, err))
 *         return false;
 *     if (job.state != JOB_COMPLETED)
 *         return err_set(err, ERR_NOT_READY, "job %s is %s; wait until it is completed", ...);
 *
 * A function that can fail returns bool, takes `struct err *err` last and must be checked. The text
 * says what failed, on what, and what to do. It never holds SQL, a path, a secret or a row, for it
 * reaches the caller.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/defs.h"

/* One set of codes for the whole system. Tables map it to gRPC (rpc/status.c) and exit codes. */
enum err_code {
    ERR_NONE = 0,

    /* What a caller did, or how things stand for it. */
    ERR_INVALID,         /* bad input; err.field names the field */
    ERR_UNAUTHENTICATED, /* no credentials, or bad ones */
    ERR_DENIED,          /* known, but not allowed; a forged token */
    ERR_NOT_FOUND,       /* no such thing, or another owner's */
    ERR_LIMIT,           /* too many at a time; err.retry_after_ms says when to come back */
    ERR_NOT_READY,       /* not yet: the job has to be completed first */
    ERR_WRONG_STATE,     /* not of this job: its state rules it out */
    ERR_USED,            /* was there once: the token is spent, the downloads are used up */
    ERR_EXPIRED,         /* was there once: its time is over */
    ERR_BUSY,            /* somebody else has it; err.retry_after_ms says when to come back */
    ERR_EXISTS,          /* the name is taken by something else */
    ERR_TOO_LARGE,       /* over a size limit */
    ERR_CANCELLED,       /* the caller went away */
    ERR_DEADLINE,        /* the caller's time was over */
    ERR_UNAVAILABLE,     /* the service cannot answer now: draining, store down, not reachable */
    ERR_UNIMPLEMENTED,   /* this service does not do that */
    ERR_INTERNAL,        /* a fault of ours */

    /* Why an attempt at an export failed; these end up in the job. */
    ERR_SOURCE_UNAVAILABLE, /* the source database cannot be reached or is overloaded */
    ERR_SOURCE_CONFLICT,    /* deadlock, serialisation, recovery conflict */
    ERR_SOURCE_SCHEMA,      /* the type's SQL does not fit the source */
    ERR_SOURCE_DATA,        /* a value that cannot be exported */
    ERR_SOURCE_DENIED,      /* the source refuses us */
    ERR_GUARD_RAIL,         /* over EXPORT_MAX_ROWS, EXPORT_MAX_BYTES or EXPORT_JOB_TIMEOUT */
    ERR_FORMAT_LIMIT,       /* the format cannot hold it */
    ERR_STORE_UNAVAILABLE,  /* the file store is full or down */
    ERR_STORE_DENIED,       /* the file store refuses us */
    ERR_WORKER_LOST,        /* the worker died or lost its lease */

    ERR_CODE_COUNT
};

enum { ERR_FIELD_SIZE = 64, ERR_TEXT_SIZE = 512 };

/* Zero-initialised: no error. Copy it by assignment; nothing to free. */
struct err {
    enum err_code code;
    int64_t retry_after_ms;     /* when to try again; 0: not said */
    char field[ERR_FIELD_SIZE]; /* ERR_INVALID: the field, as a path such as "filters[1].values";
                                   else "" */
    char text[ERR_TEXT_SIZE];   /* one sentence or two, cut at a character if too long */
};

/* Tells an error; replaces an earlier one. Returns false, so that `return err_set(…)` leaves. */
bool err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Tells of bad input in `field`; code ERR_INVALID. Returns false. */
bool err_set_field(struct err *err, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds when to try again to the error just told. Returns false. */
bool err_retry_after(struct err *err, int64_t retry_after_ms);

/* The code's fixed name, such as "SOURCE_DATA". Never NULL. */
const char *err_code_name(enum err_code code);

/* The code with this name; ERR_INTERNAL for a name nobody knows. */
enum err_code err_code_from_name(const char *name);

/* Whether the queue may run the job again after this failure. */
bool err_code_is_retryable(enum err_code code);

#endif
