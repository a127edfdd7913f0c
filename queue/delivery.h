/* SPDX-License-Identifier: Apache-2.0
 *
 * One delivery: the end of a job that somebody is to be told at a URL. A store writes it in the
 * same step as the end (COMPLETED, FAILED, CANCELLED), one for the URL of the job and one for each
 * that is told of all jobs or of all its owner's; a job that nobody is told of has none. It holds
 * what the job then was, for the job itself may be retried or removed before somebody could be
 * told.
 */
#ifndef QUEUE_DELIVERY_H
#define QUEUE_DELIVERY_H

#include "queue/audit.h"
#include "queue/job.h"

enum delivery_state {
    DELIVERY_PENDING,
    DELIVERY_DELIVERED,
    DELIVERY_GIVEN_UP,
    DELIVERY_STATE_COUNT
};

enum {
    DELIVERY_LEASE_MS = 60 * 1000, /* how long a claim holds; what is longer under way is lost */
    DELIVERY_MAX_OF_URL = 8,       /* under way to one URL at once, so that a slow one holds up
                                      nobody else; claims that meet may go a bit beyond */
    DELIVERY_MAX_OF_OWNER = 8, /* the same of one owner's jobs, but for URLs that are told of all
                                  owners' jobs: whose receivers are slow holds up itself alone */
    DELIVERY_FORSAKEN_MS = 7 * 24 * 3600 * 1000, /* due for so long: nobody sends */
    DELIVERY_MAX_AGE_MS = 3 * 24 * 3600 * 1000,  /* one that is as old when its sender died is given
                                                    up, for it may be what senders die of */
};

/* Why that was given up. */
#define DELIVERY_DIED_REASON "who sent it died, and it is three days old"

struct delivery {
    struct uuid id; /* the same at each attempt, so that a receiver knows what it has already */
    int64_t number; /* from 1, in the order in which they were written; none is given twice */
    struct str url;
    /* As it ended: what it is, whose, its state, attempt, times and error; of its file name, size,
     * rows and digest, of its request type, format and request_id. */
    struct job job;
    enum delivery_state state;
    int32_t attempt;    /* how often it was claimed: who claimed it knows whether it is still his */
    int32_t failures;   /* of these, how many the receiver did not take; the others were ended by
                           the end of who sent them */
    int64_t created_ms; /* when the job ended */
    int64_t next_ms;    /* PENDING: when it is due */
    int64_t settled_ms; /* not PENDING: since when */
    int32_t status;     /* of the last answer, as 200; 0: there was none */
    struct str reason;  /* why the last attempt failed; empty: it did not */
};

/* Who is told beside the URL that a job names. */
struct subscriber {
    struct str owner; /* of whose jobs it is told; empty: of all */
    struct str url;
};

struct subscribers {
    const struct subscriber *list;
    size_t count;
};

/* What there is in one list of them and was not in another. */
struct subscribers_change {
    struct subscribers added;
    struct subscribers removed;
};

/* What an attempt came to. */
struct delivery_outcome {
    enum delivery_state state; /* PENDING: to be tried again, in `delay_ms` */
    int64_t delay_ms;
    int32_t status;
    struct str reason;
    bool is_failure; /* it counts: the receiver did not take it */
    bool is_gone; /* the URL takes no more: with this delivery, all others to it are given up, and
                     it is told of new ends only where a job names it, as long as it stays among the
                     subscribers */
};

struct delivery_query {
    int64_t before;   /* keyset paging: only deliveries with a number below; 0: any */
    struct str owner; /* of the job; empty: any */
    bool has_job;
    struct uuid job;
    unsigned states; /* BIT(enum delivery_state)…; 0: any */
    size_t limit;    /* 1 to 1000 */
};

/* Asks to send a delivery again. */
struct delivery_again {
    struct uuid id;
    struct str owner; /* of the job; empty: any */
    struct actor actor;
};

/* "PENDING", "DELIVERED", "GIVEN_UP"; never NULL. */
const char *delivery_state_name(enum delivery_state state);

/* DELIVERY_STATE_COUNT: no such name. */
enum delivery_state delivery_state_of(struct str name);

/* Whether the delivery is one of those asked for, whatever the limit. */
bool delivery_matches(const struct delivery_query *query, const struct delivery *delivery);

/* Whether the move is an end that somebody may have to be told. */
bool delivery_is_end(enum job_state from, enum job_state to);

/* A deep copy whose texts lie in `arena`: of a whole job only what a delivery holds of it. */
void delivery_copy(struct arena *arena, const struct delivery *delivery, struct delivery *out);

#endif
