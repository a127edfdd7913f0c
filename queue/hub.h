/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells whoever watches of every change of a job, without a thread per watcher. The store
 * publishes; one thread of the hub's own hands each change, in order, to the watchers it concerns
 * and wakes them; a watcher takes its changes when it likes.
 *
 * A change is one immutable copy of the job, shared by all watchers. What a watcher has not taken
 * is bounded: a newer change that only differs in progress replaces the older one; changes of state
 * are kept, in order. A watcher that lets HUB_PENDING_MAX of them pile up is overrun and gets
 * nothing more: it is to say so and start anew.
 */
#ifndef QUEUE_HUB_H
#define QUEUE_HUB_H

#include "queue/job.h"

struct hub;
struct watcher;

enum { HUB_PENDING_MAX = 256 };

struct hub *hub_new(void);

/* Stops the thread. Watchers must be closed. */
void hub_free(struct hub *hub);

/* Tells of a change. Copies the job, never blocks on a watcher, calls nobody. Changes of one job
 * come in the order of the calls: the store calls with its own lock held. */
void hub_publish(struct hub *hub, const struct job *job);

/* The job was removed. */
void hub_publish_gone(struct hub *hub, const struct job *job);

/* How a watcher is told that something waits for it: `wake(target)` from the hub's thread, with no
 * lock held; `release(target)` once, when no further wake can come. Wakes are few: none while
 * earlier changes have not been taken. */
struct waker {
    void (*wake)(void *target);
    void (*release)(void *target);
    void *target;
};

/* What to watch: one job, or all jobs of an owner, or (both unset) all jobs. */
struct watch_scope {
    bool has_id;
    struct uuid id;
    struct str owner; /* copied */
};

/* Begins a watch: every change published from now on. So watch first, then read the jobs, then drop
 * the changes whose revision is not above that of the job as it was read: nothing falls between. A
 * job that is removed leaves with a WATCH_GONE; one that the janitor prunes just ends. */
struct watcher *hub_watch(struct hub *hub, const struct watch_scope *scope, struct waker waker);

enum watch_result {
    WATCH_NOTHING, /* wait for a wake */
    WATCH_CHANGE,  /* *out is the job after the change */
    WATCH_GONE,    /* *out was removed */
    WATCH_OVERRUN, /* too slow: changes were lost */
};

/* Takes the next change; the copy lies in `arena`. Any thread, one at a time. */
enum watch_result watcher_next(struct watcher *watcher, struct arena *arena, struct job *out);

/* Ends the watch; a wake that is under way may still come, release comes after it. Accepts NULL. */
void watcher_close(struct watcher *watcher);

/* Calls `see(target, job)` from the hub's thread for every change, with no lock held; `see` must be
 * quick, and must not call hub_observe. For the worker pool, which stops what was cancelled. At
 * most one observer; NULL ends it and returns when no call is under way. */
void hub_observe(struct hub *hub, void (*see)(void *target, const struct job *job), void *target);

/* Whether a change of this job would be handed to anybody: somebody watches it, or watches all jobs
 * or an owner's. */
bool hub_is_watching(struct hub *hub, struct uuid id);

/* Calls `visit` for every scope that is watched, quickly, with the hub's lock held: for a store
 * that looks up what it may have missed. */
void hub_each_scope(struct hub *hub, void (*visit)(void *target, const struct watch_scope *scope),
                    void *target);

/* Returns when all that was published before has been handed out and its watchers were woken: so
 * that a shutdown does not overtake the last change. Not from the hub's thread. */
void hub_flush(struct hub *hub);

#endif
