/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. Here: a call's life, and how requests come in. What a handler says is in turn.c, how
 * it goes out in send.c.
 */
#include "rpc/call.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rpc/server.h"

#include <assert.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

void call_hold(struct rpc_call *call)
{
    atomic_fetch_add_explicit(&call->pending, 1, memory_order_relaxed);
}

static void release(struct rpc_call *call)
{
    assert(call->state == CALL_ENDED && !call->handler_state);
    if (call->incoming)
        grpc_byte_buffer_destroy(call->incoming);
    if (call->request_bytes)
        grpc_byte_buffer_destroy(call->request_bytes);
    if (call->reply_bytes)
        grpc_byte_buffer_destroy(call->reply_bytes);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->core)
        grpc_call_unref(call->core);
    arena_done(&call->turn_arena);
    arena_done(&call->arena);
    server_give_back_decoded(call->server, call->decoded_bytes);
    server_forget(call->server, call);
    rpc_call_unref(call);
}

void call_drop(struct rpc_call *call)
{
    if (atomic_fetch_sub_explicit(&call->pending, 1, memory_order_acq_rel) == 1)
        release(call);
}

struct rpc_call *rpc_call_ref(struct rpc_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

void rpc_call_unref(struct rpc_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&call->mutex);
    free(call);
}

void call_move(struct rpc_call *call, enum call_state to)
{
    pthread_mutex_lock(&call->mutex);
    call->state = to;
    pthread_mutex_unlock(&call->mutex);
}

void call_start_batch(struct rpc_call *call, const grpc_op *ops, size_t count, struct event *event,
                      void (*happened)(struct event *event, bool is_ok))
{
    event->happened = happened;
    call_hold(call);
    grpc_call_error error = grpc_call_start_batch(call->core, ops, count, event, NULL);
    assert(error == GRPC_CALL_OK); /* also for a cancelled call: then the event fails */
}

void call_queue_turn(struct rpc_call *call)
{
    call_hold(call);
    if (call->method->is_quick) {
        call_run_turn(call);
    } else {
        workers_push(server_workers(call->server), &call->turn);
    }
}

/* --- wakes ----------------------------------------------------------------------------------- */

/* Wakes a waiting call, and one that reads if asked to. */
static void wake(struct rpc_call *call, bool also_reading)
{
    pthread_mutex_lock(&call->mutex);
    bool is_due = call->state == CALL_WAITING || (also_reading && call->state == CALL_READING);
    if (is_due) {
        call->state = CALL_QUEUED;
        call_hold(call);
    } else if (call->state == CALL_RUNNING) {
        call->state = CALL_WOKEN;
    }
    pthread_mutex_unlock(&call->mutex);
    if (is_due)
        workers_push(server_workers(call->server), &call->turn);
}

void rpc_wake(struct rpc_call *call)
{
    wake(call, false);
}

void call_interrupt(struct rpc_call *call)
{
    wake(call, true);
}

void call_expire(struct rpc_call *call, int64_t now_ms)
{
    pthread_mutex_lock(&call->mutex);
    bool is_late = call->state == CALL_READING && call->request_due_ms <= now_ms;
    if (is_late) {
        call->state = CALL_QUEUED;
        call_hold(call);
    }
    pthread_mutex_unlock(&call->mutex);
    if (is_late)
        workers_push(server_workers(call->server), &call->turn);
}

bool rpc_call_is_cancelled(const struct rpc_call *call)
{
    return atomic_load_explicit(&call->is_cancelled, memory_order_relaxed);
}

/* --- the request ----------------------------------------------------------------------------- */

static void on_received(struct event *event, bool is_ok)
{
    struct rpc_call *call = CONTAINER_OF(event, struct rpc_call, received);
    if (!is_ok)
        atomic_store_explicit(&call->is_cancelled, true, memory_order_relaxed);
    pthread_mutex_lock(&call->mutex);
    bool is_awaited = call->state == CALL_READING;
    if (is_awaited) {
        call->state = CALL_QUEUED;
        call->request_due_ms = INT64_MAX;
        call->request_bytes = call->incoming;
        call->incoming = NULL;
    }
    pthread_mutex_unlock(&call->mutex);
    if (is_awaited)
        call_queue_turn(call);
    call_drop(call);
}

void call_read(struct rpc_call *call)
{
    /* A stop looks through all calls once; who comes to read after that must see it here. */
    pthread_mutex_lock(&call->mutex);
    bool is_stopping = server_is_stopping(call->server);
    call->state = is_stopping ? CALL_QUEUED : CALL_READING;
    pthread_mutex_unlock(&call->mutex);
    if (is_stopping) {
        call_queue_turn(call);
        return;
    }
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->incoming;
    call_start_batch(call, &op, 1, &call->received, on_received);
}

/* --- accepting ------------------------------------------------------------------------------- */

/* Exactly one per call; may come before the events that caused it. */
static void on_closed(struct event *event, bool is_ok)
{
    (void)is_ok; /* always */
    struct rpc_call *call = CONTAINER_OF(event, struct rpc_call, closed);
    if (call->close_flag) {
        atomic_store_explicit(&call->is_cancelled, true, memory_order_relaxed);
        rpc_wake(call);
    }
    call_drop(call);
}

static int64_t deadline_ms(gpr_timespec deadline)
{
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
    if (gpr_time_cmp(left, gpr_inf_future(GPR_TIMESPAN)) == 0)
        return INT64_MAX;
    return clock_monotonic_ms() + left.tv_sec * 1000 + left.tv_nsec / 1000000;
}

static struct str slice_str(const grpc_slice *slice)
{
    return (struct str){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

/* gRPC 1.51 holds only those to the limit who have acknowledged it. */
static bool check_metadata(const struct rpc_call *call, struct err *err)
{
    enum { BYTES_BESIDE = 32 }; /* of each pair: RFC 9113, 6.5.2 */
    size_t max = server_max_metadata_bytes(call->server);
    size_t bytes = GRPC_SLICE_LENGTH(call->details.method) + GRPC_SLICE_LENGTH(call->details.host);
    for (size_t i = 0; i < call->metadata.count; i++)
        bytes += GRPC_SLICE_LENGTH(call->metadata.metadata[i].key) +
                 GRPC_SLICE_LENGTH(call->metadata.metadata[i].value) + BYTES_BESIDE;
    return bytes <= max ||
           err_set(err, ERR_TOO_LARGE, "the headers of this call have %zu bytes; %zu are possible",
                   bytes, max);
}

static bool admit(struct rpc_call *call, struct err *err)
{
    struct str path = slice_str(&call->details.method);
    if (!check_metadata(call, err))
        return false;
    call->method = methods_find(server_methods(call->server), path);
    if (!call->method)
        return err_set(err, ERR_UNIMPLEMENTED, "this server has no method %.*s", STR_ARG(path));
    return server_admit(call->server, call, err);
}

static void on_accepted(struct event *event, bool is_ok)
{
    struct rpc_call *call = CONTAINER_OF(event, struct rpc_call, accepted);
    struct err err;
    if (!is_ok) { /* the server stops */
        call_move(call, CALL_ENDED);
        call_drop(call);
        return;
    }
    call_accept(call->server);
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->close_flag;
    call_start_batch(call, &op, 1, &call->closed, on_closed);
    call->accepted_us = clock_monotonic_us();
    call->deadline_ms = deadline_ms(call->details.deadline);
    call->request_due_ms = clock_monotonic_ms() + server_request_timeout_ms(call->server);
    if (admit(call, &err)) {
        call_read(call);
    } else {
        server_tell_refused(call->server, call, &err);
        call_finish(call, &err);
    }
    call_drop(call);
}

static void run_turn(struct work *turn)
{
    call_run_turn(CONTAINER_OF(turn, struct rpc_call, turn));
}

void call_accept(struct rpc_server *server)
{
    struct rpc_call *call = mem_new(struct rpc_call);
    atomic_init(&call->refs, 1);
    atomic_init(&call->pending, 1);
    call->server = server;
    pthread_mutex_init(&call->mutex, NULL);
    list_init(&call->node);
    call->turn.run = run_turn;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    call->accepted.happened = on_accepted;
    server_request_call(server, call);
}

/* --- what handlers ask ----------------------------------------------------------------------- */

struct arena *rpc_call_arena(struct rpc_call *call)
{
    return &call->arena;
}

struct arena *rpc_turn_arena(struct rpc_call *call)
{
    return &call->turn_arena;
}

struct str rpc_call_method(const struct rpc_call *call)
{
    return slice_str(&call->details.method);
}

struct str rpc_call_metadata(const struct rpc_call *call, const char *key)
{
    struct str wanted = str_of(key);
    for (size_t i = 0; i < call->metadata.count; i++) {
        if (str_equal(slice_str(&call->metadata.metadata[i].key), wanted))
            return slice_str(&call->metadata.metadata[i].value);
    }
    return (struct str){0};
}

size_t rpc_call_metadata_count(const struct rpc_call *call, const char *key)
{
    struct str wanted = str_of(key);
    size_t count = 0;
    for (size_t i = 0; i < call->metadata.count; i++)
        count += str_equal(slice_str(&call->metadata.metadata[i].key), wanted);
    return count;
}

struct str rpc_call_peer(struct rpc_call *call)
{
    char *peer = grpc_call_get_peer(call->core);
    struct str copy = arena_copy_str(&call->arena, str_of(peer));
    gpr_free(peer);
    return copy;
}

int64_t rpc_call_deadline_ms(const struct rpc_call *call)
{
    return call->deadline_ms;
}

void *rpc_call_state(const struct rpc_call *call)
{
    return call->handler_state;
}

void rpc_call_set_state(struct rpc_call *call, void *state, void (*free_state)(void *))
{
    call->handler_state = state;
    call->free_handler_state = free_state;
}
