/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake_core.h. Calls: what the server starts on them, and what their clients do.
 */
#include "base/mem.h"
#include "tests/rpc/fake_core.h"
#include "tests/rpc/fake_state.h"
#include "tests/rpc/fake_values.h"

#include <assert.h>
#include <sched.h>

bool fake_is_on_wire(const struct fake_call *call)
{
    return !call->is_cancelled && call->status == FAKE_NO_STATUS;
}

static void progress_recv(struct fake_call *call)
{
    bool is_over = call->is_cancelled || call->is_half_closed || call->status != FAKE_NO_STATUS;
    if (!call->recv_tag || (call->inbox_count == 0 && !is_over))
        return;
    *call->recv_out = NULL;
    if (!call->is_cancelled && call->inbox_count > 0) {
        *call->recv_out = fake_buffer_new(call->inbox[0]);
        free((char *)call->inbox[0].ptr);
        call->inbox_count--;
        memmove(call->inbox, call->inbox + 1, call->inbox_count * sizeof *call->inbox);
    }
    fake_tell(call->recv_tag, !call->is_cancelled, call, BIT(GRPC_OP_RECV_MESSAGE));
    call->recv_tag = NULL;
}

static void progress_send(struct fake_call *call)
{
    if (!call->send_tag || (!call->is_cancelled && call->credits == 0))
        return;
    if (!call->is_cancelled) {
        call->credits--;
        call->messages++;
    }
    fake_tell(call->send_tag, !call->is_cancelled, call, call->send_ops);
    call->send_tag = NULL;
}

void fake_progress(struct fake_call *call)
{
    progress_recv(call);
    progress_send(call);
    if (call->close_tag && !fake_is_on_wire(call)) {
        *call->close_out = call->status == FAKE_NO_STATUS;
        fake_tell(call->close_tag, true, call, BIT(GRPC_OP_RECV_CLOSE_ON_SERVER));
        call->close_tag = NULL;
    }
    fake_tell_shutdown_if_due();
}

void fake_cut(struct fake_call *call)
{
    if (fake_is_on_wire(call))
        call->is_cancelled = true;
    fake_progress(call);
}

static void free_if_forgotten(struct fake_call *call)
{
    if (call->has_wire_side || call->has_server_side)
        return;
    for (size_t i = 0; i < call->inbox_count; i++)
        free((char *)call->inbox[i].ptr);
    free(call->method);
    free(call);
}

/* --- calls, the server's side ---------------------------------------------------------------- */

/* Under the lock. Takes the batch apart; what cannot be done yet waits for `progress`. */
static void start(struct fake_call *call, const grpc_op *ops, size_t count, unsigned mask,
                  void *tag)
{
    assert(!core.queue->is_shut_down && !(call->ops & mask));
    call->ops |= mask;
    for (size_t i = 0; i < count; i++) {
        if (ops[i].op == GRPC_OP_RECV_MESSAGE) {
            call->recv_tag = tag;
            call->recv_out = ops[i].data.recv_message.recv_message;
        } else if (ops[i].op == GRPC_OP_RECV_CLOSE_ON_SERVER) {
            call->close_tag = tag;
            call->close_out = ops[i].data.recv_close_on_server.cancelled;
        } else if (ops[i].op == GRPC_OP_SEND_STATUS_FROM_SERVER && !call->is_cancelled) {
            call->status = (int)ops[i].data.send_status_from_server.status;
        }
    }
    if (mask & BIT(GRPC_OP_SEND_STATUS_FROM_SERVER)) {
        if (mask & BIT(GRPC_OP_SEND_MESSAGE) && !call->is_cancelled)
            call->messages++;
        fake_tell(tag, !call->is_cancelled, call, mask);
    } else if (mask & BIT(GRPC_OP_SEND_MESSAGE)) {
        call->send_tag = tag;
        call->send_ops = mask;
    }
    fake_progress(call);
}

grpc_call_error grpc_call_start_batch(grpc_call *opaque, const grpc_op *ops, size_t nops, void *tag,
                                      void *reserved)
{
    struct fake_call *call = (struct fake_call *)opaque;
    unsigned mask = 0;
    assert(nops > 0 && !reserved);
    for (size_t i = 0; i < nops; i++) {
        assert(!(mask & BIT(ops[i].op)) && !ops[i].reserved);
        mask |= BIT(ops[i].op);
    }
    atomic_int *starting =
        mask < BIT(GRPC_OP_RECV_INITIAL_METADATA) ? &call->starting_send : &call->starting_recv;
    int before = atomic_fetch_add_explicit(starting, 1, memory_order_relaxed);
    assert(before == 0); /* two threads at once */
    if (fake_core_draw(4) == 0)
        sched_yield();
    fake_lock();
    start(call, ops, nops, mask, tag);
    atomic_fetch_sub_explicit(starting, 1, memory_order_relaxed); /* before its event is told */
    fake_unlock();
    return GRPC_CALL_OK;
}

char *grpc_call_get_peer(grpc_call *call)
{
    assert(call);
    return mem_dup("fake:1");
}

void grpc_call_unref(grpc_call *opaque)
{
    struct fake_call *call = (struct fake_call *)opaque;
    fake_lock();
    assert(call->has_server_side && call->untold == 0 && call->ops == 0);
    call->has_server_side = false;
    for (size_t i = 0; i < core.active_count; i++) {
        if (core.active[i] == call)
            core.active[i--] = core.active[--core.active_count];
    }
    free_if_forgotten(call);
    fake_tell_shutdown_if_due();
    fake_unlock();
    fake_count(-1);
}

/* --- calls, the wire's side ------------------------------------------------------------------ */

static void put(struct fake_call *call, struct str body)
{
    assert(call->inbox_count < MAX_INBOX);
    char *copy = mem_alloc(body.len);
    if (body.len > 0)
        memcpy(copy, body.ptr, body.len);
    call->inbox[call->inbox_count++] = (struct str){copy, body.len};
}

struct fake_call *fake_call_new(const char *method, struct str body, bool stays_open)
{
    struct fake_call *call = mem_new(struct fake_call);
    call->has_wire_side = true;
    call->status = FAKE_NO_STATUS;
    call->method = mem_dup(method);
    call->is_half_closed = !stays_open;
    if (body.ptr)
        put(call, body);
    fake_lock();
    assert(core.incoming_count < MAX_CALLS && core.active_count < MAX_CALLS);
    if (!core.server || core.server->is_shut_down) {
        call->is_cancelled = true;
    } else {
        core.incoming[core.incoming_count++] = call;
    }
    fake_match();
    fake_unlock();
    return call;
}

void fake_call_send(struct fake_call *call, struct str body)
{
    fake_lock();
    put(call, body);
    fake_progress(call);
    fake_unlock();
}

void fake_call_close(struct fake_call *call)
{
    fake_lock();
    call->is_half_closed = true;
    fake_progress(call);
    fake_unlock();
}

void fake_call_take(struct fake_call *call, unsigned count)
{
    fake_lock();
    call->credits += count;
    fake_progress(call);
    fake_unlock();
}

void fake_call_cancel(struct fake_call *call)
{
    fake_lock();
    fake_cut(call);
    fake_unlock();
}

bool fake_call_is_over(struct fake_call *call)
{
    fake_lock();
    bool is_over = !fake_is_on_wire(call);
    fake_unlock();
    return is_over;
}

int fake_call_status(struct fake_call *call)
{
    fake_lock();
    int status = call->status;
    fake_unlock();
    return status;
}

unsigned fake_call_messages(struct fake_call *call)
{
    fake_lock();
    unsigned messages = call->messages;
    fake_unlock();
    return messages;
}

void fake_call_free(struct fake_call *call)
{
    fake_lock();
    assert(!fake_is_on_wire(call));
    for (size_t i = 0; i < core.incoming_count; i++) {
        if (core.incoming[i] == call)
            core.incoming[i--] = core.incoming[--core.incoming_count];
    }
    call->has_wire_side = false;
    free_if_forgotten(call);
    fake_unlock();
}
