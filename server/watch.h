/* SPDX-License-Identifier: Apache-2.0
 *
 * A watch: first the job as it is, then its changes as the hub tells of them, until a final state.
 * Of all jobs: the active ones as they are, then every change, without end. Knows no door.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include "server/exports.h"

struct watch;

struct watch_request {
    struct str id;   /* empty: all jobs of the caller */
    bool all_owners; /* of every owner: for admins */
};

/* Opens it: ERR_NOT_FOUND, ERR_DENIED, ERR_LIMIT. Whether it could or not, the waker's release is
 * called once. */
bool watch_open(struct exports *exports, const struct caller *caller,
                const struct watch_request *request, struct waker waker, struct watch **out,
                struct err *err) MUST_CHECK;

enum watch_next {
    WATCH_NEWS,    /* *out is a job as it is now */
    WATCH_NO_NEWS, /* wait for a wake */
    WATCH_REMOVED, /* of a watch of all: *out was deleted here; its id is all there is of it */
    WATCH_OVER,    /* the final state was told */
    WATCH_FAILED,  /* err says why: the job is gone, or changes were lost */
};

/* The next of it; the copy lies in `arena`, or lives as long as the watch. One thread at a time. */
enum watch_next watch_next(struct watch *watch, struct arena *arena, struct job *out,
                           struct err *err);

/* NULL is fine. */
void watch_close(struct watch *watch);

#endif
