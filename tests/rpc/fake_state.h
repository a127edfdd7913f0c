/* SPDX-License-Identifier: Apache-2.0
 *
 * The stand-in's state, and what its two halves ask of each other: fake_core.c has queue and
 * server, fake_calls.c has calls, seen from the server and from the wire. See fake_core.h.
 */
#ifndef TESTS_RPC_FAKE_STATE_H
#define TESTS_RPC_FAKE_STATE_H

#include "base/str.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MAX_EVENTS = 4096, MAX_REQUESTS = 256, MAX_INBOX = 16, MAX_CALLS = 4096 };

struct told {
    void *tag;
    bool is_ok;
    struct fake_call *call; /* of a batch; else NULL */
    unsigned ops;           /* the batch's, outstanding until told */
};

struct request {
    grpc_call **out;
    grpc_call_details *details;
    void *tag;
};

struct fake_call {
    bool has_wire_side;
    bool has_server_side;
    char *method;
    struct str inbox[MAX_INBOX];
    size_t inbox_count;
    bool is_half_closed;
    bool is_cancelled;
    int status;
    unsigned credits;  /* messages the client would take */
    unsigned messages; /* it has taken */
    unsigned ops;      /* outstanding, by type */
    unsigned untold;   /* events of it that nobody has got yet */
    void *recv_tag;
    grpc_byte_buffer **recv_out;
    void *close_tag;
    int *close_out;
    void *send_tag;
    unsigned send_ops;
    atomic_int starting_send;
    atomic_int starting_recv;
};

struct grpc_completion_queue {
    bool is_shut_down;
    unsigned inside; /* threads in next */
};

struct grpc_server {
    bool is_bound;
    bool is_shut_down;
    void *shutdown_tag;
    bool is_told;
};

/* All of it; one server and one queue at a time are enough. Under its mutex. */
struct fake_state {
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    uint64_t random;
    bool is_held;
    struct told events[MAX_EVENTS];
    size_t event_count;
    struct request requests[MAX_REQUESTS];
    size_t request_count;
    struct fake_call *incoming[MAX_CALLS];
    size_t incoming_count;
    struct fake_call *active[MAX_CALLS]; /* accepted, and the server side is alive */
    size_t active_count;
    grpc_server *server;
    grpc_completion_queue *queue;
};

extern struct fake_state core;

void fake_lock(void);
void fake_unlock(void);

/* --- under the lock --------------------------------------------------------------------------- */

/* Posts an event; of a batch with its call and operations. */
void fake_tell(void *tag, bool is_ok, struct fake_call *call, unsigned ops);

void fake_tell_shutdown_if_due(void);

/* Gives waiting clients to waiting requests. */
void fake_match(void);

/* Neither has a status nor has gone. */
bool fake_is_on_wire(const struct fake_call *call);

/* Does what the call's outstanding operations wait for, if it can be done. */
void fake_progress(struct fake_call *call);

/* The call is cut, if it is still on the wire. */
void fake_cut(struct fake_call *call);

#endif
