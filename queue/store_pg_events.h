/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to jobs, between the servers and workers that share a database. One thread with one
 * connection tells the others by NOTIFY what was done here, and hears what was done there.
 *
 * Creates and settlings do not notify in their transactions, where every NOTIFY would take a lock
 * that holds up the commits of the whole database: they leave a note here, and after their commit
 * one NOTIFY every few milliseconds carries the notes. A note that gets lost, because a process
 * died or a connection broke, is made up for: every two seconds, and after each reconnect, the jobs
 * that somebody watches here, and those that run here, are looked up.
 *
 * The hub hears of each job's changes in the order of their revisions, whichever way they came.
 */
#ifndef QUEUE_STORE_PG_EVENTS_H
#define QUEUE_STORE_PG_EVENTS_H

#include "pg/pool.h"
#include "queue/hub.h"

struct pg_events;

struct pg_events_options {
    const char *url; /* not through a transaction pooler, which would hear nothing */
    const char *application_name;
    struct hub *hub;            /* may be NULL: nobody watches here */
    void (*work)(void *target); /* there may be work for workers here; quick, from the thread */
    void *target;
    struct pg_pool *pool; /* for a test at start: what is sent there must be heard here */
};

/* Connects, tests that notifications arrive, and starts the thread; the texts are copied. */
bool pg_events_start(const struct pg_events_options *options, struct pg_events **out,
                     struct err *err) MUST_CHECK;

/* Sends what is noted, if the database is there, and ends the thread. Accepts NULL. */
void pg_events_stop(struct pg_events *events);

/* Notes a change that was committed; the hub hears of it at once. Thread-safe. */
void pg_events_tell(struct pg_events *events, const struct job *job);

/* A job as it is, before it is changed: who brought it there may not have told of it yet, and no
 * end is to be left out. Only our own hub hears of it. Thread-safe. */
void pg_events_see(struct pg_events *events, const struct job *job);

/* As pg_events_tell, for a job that was claimed just now: the hub hears of it as it was queued,
 * too. */
void pg_events_tell_claimed(struct pg_events *events, const struct job *job);

/* The job was removed. */
void pg_events_tell_gone(struct pg_events *events, const struct job *job);

#endif
