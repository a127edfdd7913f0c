/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. A turn: the handler is asked, says one verb, and the verb is carried out after it has
 * returned. So a handler may go on using its request, its state and its arena after the verb, and
 * no second turn of the call can begin meanwhile.
 */
#include "rpc/call.h"
#include "rpc/codec.h"
#include "rpc/server.h"

#include "base/clock.h"

#include <assert.h>

static const char stopping[] = "the server is shutting down";

static bool is_in_turn(struct rpc_call *call)
{
    pthread_mutex_lock(&call->mutex);
    bool is_in_turn = call->state == CALL_RUNNING || call->state == CALL_WOKEN;
    pthread_mutex_unlock(&call->mutex);
    return is_in_turn;
}

static void say(struct rpc_call *call, enum call_verb verb)
{
    assert(call->verb == VERB_NONE && is_in_turn(call)); /* one verb, in a turn */
    call->verb = verb;
}

void rpc_reply(struct rpc_call *call, const ProtobufCMessage *message)
{
    assert(message->descriptor == call->method->output);
    say(call, VERB_REPLY);
    call->reply_bytes = codec_write(message);
}

void rpc_wait(struct rpc_call *call)
{
    assert(call->method->kind == METHOD_STREAM);
    say(call, VERB_WAIT);
}

void rpc_end(struct rpc_call *call)
{
    assert(call->method->kind != METHOD_UNARY);
    say(call, VERB_END);
}

void rpc_fail(struct rpc_call *call, const struct err *err)
{
    assert(err->code != ERR_NONE);
    say(call, VERB_FAIL);
    struct err *copy = arena_alloc(&call->turn_arena, sizeof *copy);
    *copy = *err;
    call->failure = copy;
}

/* The generated handlers' `reply` parameter. */
static void reply_closure(const ProtobufCMessage *message, void *call)
{
    rpc_reply(call, message);
}

static void fail(struct rpc_call *call, enum err_code code, const char *text)
{
    struct err err;
    err_set(&err, code, "%s", text);
    rpc_fail(call, &err);
}

static void answer_cancelled(struct rpc_call *call)
{
    bool was_seen = call->request != NULL; /* by a handler */
    if (call->deadline_ms <= clock_monotonic_ms()) {
        fail(call, ERR_DEADLINE, "the deadline has passed");
    } else {
        if (!was_seen)
            server_count_reset(call->server, call);
        fail(call, ERR_CANCELLED, "the client cancelled the call");
    }
}

/* The call ends, and no handler will hear of it. */
static void refuse(struct rpc_call *call, const struct err *why)
{
    server_tell_refused(call->server, call, why);
    rpc_fail(call, why);
}

static void answer_no_request(struct rpc_call *call)
{
    struct err why;
    if (server_is_stopping(call->server)) {
        err_set(&why, ERR_UNAVAILABLE, "%s", stopping);
    } else if (call->request_due_ms <= clock_monotonic_ms()) {
        err_set(&why, ERR_DEADLINE,
                "the call's request did not come in time; send it with the call");
    } else if (call->method->kind == METHOD_LOCKSTEP) {
        rpc_end(call);
        return;
    } else {
        server_count_reset(call->server, call); /* may look so */
        err_set(&why, ERR_INVALID, "the call carries no request message");
    }
    refuse(call, &why);
}

/* Of a lockstep stream a request lasts until the next, else as long as the call. Nothing but the
 * request is in the arena yet. */
static bool read_request(struct rpc_call *call, struct err *err)
{
    struct arena *arena = call->method->kind == METHOD_LOCKSTEP ? &call->turn_arena : &call->arena;
    grpc_byte_buffer *bytes = call->request_bytes;
    call->request_bytes = NULL;
    server_give_back_decoded(call->server, call->decoded_bytes); /* of the request before */
    call->decoded_bytes = 0;
    bool is_decoded = codec_read(bytes, call->method->input, arena,
                                 server_max_request_memory(call->server), &call->request, err);
    grpc_byte_buffer_destroy(bytes);
    if (is_decoded && server_take_decoded(call->server, arena_size(arena), err)) {
        call->decoded_bytes = arena_size(arena);
        return true;
    }
    call->request = NULL;
    arena_done(arena);
    return false;
}

static void ask(struct rpc_call *call)
{
    struct err err;
    if (rpc_call_is_cancelled(call)) {
        answer_cancelled(call);
        return;
    }
    if (!call->request && !call->request_bytes) {
        answer_no_request(call);
        return;
    }
    if (!call->request && !read_request(call, &err)) {
        refuse(call, &err);
        return;
    }
    ProtobufCService *service = call->method->service;
    service->invoke(service, call->method->index, call->request, reply_closure, call);
    if (call->method->kind == METHOD_LOCKSTEP)
        call->request = NULL;
}

static void end(struct rpc_call *call, const struct err *failure)
{
    void *state = call->handler_state;
    call->handler_state = NULL;
    if (state && call->free_handler_state)
        call->free_handler_state(state);
    call_finish(call, failure);
}

static void suspend(struct rpc_call *call)
{
    pthread_mutex_lock(&call->mutex);
    bool is_woken = call->state == CALL_WOKEN;
    bool is_stopping = !is_woken && server_is_stopping(call->server);
    if (is_woken) {
        call->state = CALL_QUEUED;
    } else if (!is_stopping) {
        call->state = CALL_WAITING;
    }
    pthread_mutex_unlock(&call->mutex);
    /* A call that is now waiting may already be in another thread's hands. */
    if (is_woken) {
        call_hold(call);
        workers_push(server_workers(call->server), &call->turn);
    } else if (is_stopping) {
        struct err err;
        err_set(&err, ERR_UNAVAILABLE, "%s", stopping);
        end(call, &err);
    }
}

static void settle(struct rpc_call *call)
{
    switch (call->verb) {
    case VERB_NONE:
        assert(false); /* a handler returned without a verb */
        break;
    case VERB_REPLY:
        if (call->method->kind == METHOD_UNARY) {
            end(call, NULL);
        } else {
            call_send(call);
        }
        break;
    case VERB_WAIT:
        suspend(call);
        break;
    case VERB_END:
        end(call, NULL);
        break;
    case VERB_FAIL:
        end(call, call->failure);
        break;
    }
}

void call_run_turn(struct rpc_call *call)
{
    call_move(call, CALL_RUNNING);
    arena_done(&call->turn_arena);
    call->verb = VERB_NONE;
    ask(call);
    settle(call);
    call_drop(call);
}
