/* SPDX-License-Identifier: Apache-2.0
 *
 * One client request, from the moment the server waits for it until its last event. Inside rpc/
 * only.
 *
 * Two counts keep it. `pending` counts what still works on the call: each batch that was started
 * (its event drops it again) and each turn, queued or running. At 0 gRPC's side is given back and
 * the server forgets the call. `refs` counts holders of the memory: the call itself while pending,
 * and rpc_call_ref. Events come in any order; nobody asks which was last.
 *
 * The state says who may start the next sending batch, and only that one does: gRPC wants sends of
 * a call one at a time. A field without a note belongs to whoever the state names.
 */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include "base/list.h"
#include "base/workers.h"
#include "rpc/methods.h"
#include "rpc/rpc.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

enum call_state {
    CALL_ACCEPTING, /* no client yet, or not yet looked at */
    CALL_READING,   /* a request is on its way */
    CALL_QUEUED,    /* a turn is to come */
    CALL_RUNNING,   /* the turn */
    CALL_WOKEN,     /* the turn, and rpc_wake came meanwhile */
    CALL_SENDING,   /* a message is on its way */
    CALL_WAITING,   /* until rpc_wake */
    CALL_ENDED,     /* the status is on its way, or there is nothing more to do */
};

enum call_verb { VERB_NONE, VERB_REPLY, VERB_WAIT, VERB_END, VERB_FAIL };

/* What an event's tag points to: one per kind of batch, so that none is allocated. */
struct event {
    void (*happened)(struct event *event, bool is_ok);
};

struct rpc_call {
    atomic_uint pending;
    atomic_uint refs;
    struct rpc_server *server;
    pthread_mutex_t mutex;
    enum call_state state;  /* under mutex */
    int64_t request_due_ms; /* under mutex: until when the first request may come; INT64_MAX: it is
                               there */
    atomic_bool is_cancelled;

    grpc_call *core;
    grpc_call_details details;
    grpc_metadata_array metadata;
    int64_t accepted_us; /* clock_monotonic_us() */
    int64_t deadline_ms;
    const struct method *method;

    struct event accepted;
    struct event closed;
    struct event received;
    struct event sent;
    struct event finished;
    int close_flag;             /* gRPC's, until closed happened */
    grpc_byte_buffer *incoming; /* gRPC's, until received happened */
    grpc_byte_buffer *request_bytes;
    grpc_byte_buffer *reply_bytes; /* being made by a turn, or sent */
    bool has_headers;              /* initial metadata was sent */

    ProtobufCMessage *request; /* decoded; of a stream, for all turns */
    size_t decoded_bytes;      /* what the request takes of the server's max_decoded_bytes */
    enum call_verb verb;       /* of this turn */
    const struct err *failure; /* VERB_FAIL: why, in the turn's arena */
    struct arena arena;
    struct arena turn_arena;
    void *handler_state;
    void (*free_handler_state)(void *);

    struct list node; /* in the server's list of calls; the server's mutex */
    struct work turn; /* in the workers' FIFO */
};

/* Waits for one more client: starts a call that becomes its request. */
void call_accept(struct rpc_server *server);

/* Runs a turn of a queued call, in the calling thread, and drops it. */
void call_run_turn(struct rpc_call *call);

/* The server stops: a call that waits for its client or for a wake gets a turn. Thread-safe. */
void call_interrupt(struct rpc_call *call);

/* Ends the call if its request is late. Thread-safe. */
void call_expire(struct rpc_call *call, int64_t now_ms);

/* --- between call.c, turn.c and send.c ------------------------------------------------------- */

void call_hold(struct rpc_call *call);
void call_drop(struct rpc_call *call);

/* Changes the state. */
void call_move(struct rpc_call *call, enum call_state to);

/* Starts a batch; `happened` gets its event and must call_drop. */
void call_start_batch(struct rpc_call *call, const grpc_op *ops, size_t count, struct event *event,
                      void (*happened)(struct event *event, bool is_ok));

/* Reads the next request, then queues a turn. */
void call_read(struct rpc_call *call);

/* Queues a turn of a call that is CALL_QUEUED: in a worker, or at once if the method is quick; so
 * never for a wake, which may come with a lock held. */
void call_queue_turn(struct rpc_call *call);

/* Sends reply_bytes, then reads or queues as the method's kind asks. */
void call_send(struct rpc_call *call);

/* Ends the call: with reply_bytes, if any, and OK, or with an error. */
void call_finish(struct rpc_call *call, const struct err *failure);

#endif
