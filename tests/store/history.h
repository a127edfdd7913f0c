/* SPDX-License-Identifier: Apache-2.0
 *
 * A random history of a store: what threads asked and were answered, and what the hub told of it.
 * history_calls.c makes it, test_store_history.c checks it.
 */
#ifndef TESTS_STORE_HISTORY_H
#define TESTS_STORE_HISTORY_H

#include "tests/store/store_kit.h"

#include <pthread.h>

enum { HISTORY_THREADS = 6, HISTORY_CALLS = 3000, HISTORY_OWNERS = 5, HISTORY_REQUESTS = 12 };
enum { HISTORY_CALLS_MAX = HISTORY_THREADS * HISTORY_CALLS };

/* A job whose create was answered. */
struct known_job {
    struct uuid id;
    bool has_request;      /* never removed by hand, so the request_id stays its own */
    atomic_llong token_no; /* the newest that was noted; 0: none */
    atomic_int delivered;  /* how often its whole file was handed over */
};

/* A claim that was given. */
struct held {
    struct ticket ticket;
    atomic_int settled;   /* how often an end was accepted */
    atomic_int completed; /* of these, as complete */
    int64_t since;        /* the checker's: the revision at which its attempt was first seen */
};

struct history {
    struct world *world;
    uint64_t seed;
    pthread_mutex_t mutex;  /* guards all between here and the next blank line */
    struct known_job *jobs; /* HISTORY_CALLS_MAX */
    size_t job_count;
    struct held *tickets; /* HISTORY_CALLS_MAX */
    size_t ticket_count;
    struct uuid requests[HISTORY_OWNERS][HISTORY_REQUESTS];
    bool has_request[HISTORY_OWNERS][HISTORY_REQUESTS];
    struct err broken; /* the first broken promise that a thread saw */

    struct job *events; /* the hub's thread's own, until it ended */
    struct arena texts;
    size_t event_count;
    size_t event_cap;
    atomic_bool has_ended;
};

/* Makes the calls, from all threads; returns when they have ended. A progress carries the number of
 * its ticket, from 1, as rows_total; a file the number from 0 as its key. */
void history_make(struct history *history);

#endif
