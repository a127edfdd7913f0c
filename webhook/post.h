/* SPDX-License-Identifier: Apache-2.0
 *
 * POSTs, many at once in one thread: the one door to libcurl's transfers. Redirects are not
 * followed, no proxy of the environment is used, certificates are verified, of an answer no more
 * than POST_MAX_ANSWER bytes are read, and each address is looked at before it is connected to
 * (webhook/guard.h).
 */
#ifndef WEBHOOK_POST_H
#define WEBHOOK_POST_H

#include "base/err.h"
#include "base/str.h"

enum { POST_MAX_ANSWER = 64 * 1024, POST_REASON_SIZE = 160 };

struct poster;

struct poster_options {
    bool allows_private;
    int64_t timeout_ms;     /* for all of a transfer */
    const char *ca_path;    /* PEM file of the authorities to trust; NULL: the system's */
    const char *user_agent; /* lives as long as the poster */
};

/* What is sent; all of it outlives the transfer. */
struct post {
    const char *url;
    struct str body;            /* JSON */
    const char *const *headers; /* "name: value" */
    size_t header_count;
};

/* What came of it. */
struct post_answer {
    int status;                    /* as 200; 0: none came */
    int64_t retry_after_ms;        /* 0: not said */
    int64_t duration_ms;           /* from its start */
    char reason[POST_REASON_SIZE]; /* why there is no status; holds nothing of the URL */
};

struct poster *poster_new(const struct poster_options *options);

/* Ends the transfers under way; nobody is told. NULL is fine. */
void poster_free(struct poster *poster);

/* Begins a transfer; it goes on in poster_run, which tells `user` of its end. */
void poster_start(struct poster *poster, const struct post *post, void *user);

/* Works at the transfers for `timeout_ms`, or until one ended or poster_wake was called; calls
 * `done` for each that ended. */
void poster_run(struct poster *poster, int64_t timeout_ms,
                void (*done)(void *target, void *user, const struct post_answer *answer),
                void *target);

/* Ends a poster_run that is under way, or the next. Any thread. */
void poster_wake(struct poster *poster);

#endif
