/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the jobs that may have changed without our knowing. The jobs that are found are given to
 * `see`, which drops those that are no news.
 */
#ifndef QUEUE_STORE_PG_LOOKUP_H
#define QUEUE_STORE_PG_LOOKUP_H

#include "pg/pg.h"
#include "queue/event_note.h"
#include "queue/hub.h"

typedef void lookup_see(void *target, const struct job *job);
typedef void lookup_gone(void *target, struct uuid id);

/* Who is told of what is found. */
struct lookup_eyes {
    lookup_see *see;   /* a job as it is */
    lookup_gone *gone; /* a job that was asked for and is not there */
    void *target;
};

enum { LOOKUP_ALL_MAX = 1000 }; /* as many as such a watch begins with */

/* What is to be looked up: gathered first, then read in four statements at most. */
struct lookup;

struct lookup *lookup_new(void);
void lookup_free(struct lookup *lookup);

/* The job, if its revision is above this one. `lookup` is void for revisions_each_active. */
void lookup_add_job(void *lookup, struct uuid id, int64_t revision);

/* The job of a scope, or the active jobs of its owner; of all owners the newest LOOKUP_ALL_MAX. */
void lookup_add_scope(void *lookup, const struct watch_scope *scope);

/* Asks what is known of the jobs that were added without a revision. */
void lookup_raise(struct lookup *lookup, int64_t (*revision_of)(void *target, struct uuid id),
                  void *target);

bool lookup_run(struct lookup *lookup, struct pg *pg, const struct lookup_eyes *eyes,
                struct err *err) MUST_CHECK;

/* Reads the jobs of notes. A note may speak of a state that is over already: then the job is seen
 * as it was, and then as it is. */
bool lookup_notes(struct pg *pg, const struct event_note *notes, size_t count,
                  const struct lookup_eyes *eyes, struct err *err) MUST_CHECK;

#endif
