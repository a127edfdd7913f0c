/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. How messages and the status go out. At most one sending batch of a call is under way;
 * each starts with another operation than the receiving ones, for gRPC keeps a slot per first
 * operation of a batch.
 */
#include "rpc/call.h"
#include "rpc/server.h"
#include "rpc/status.h"

enum { MAX_OPS = 3 };

static size_t add_headers(struct rpc_call *call, grpc_op *ops, size_t count)
{
    if (call->has_headers)
        return count;
    call->has_headers = true;
    ops[count] = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA};
    return count + 1;
}

static size_t add_message(struct rpc_call *call, grpc_op *ops, size_t count)
{
    if (!call->reply_bytes)
        return count;
    ops[count] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
    ops[count].data.send_message.send_message = call->reply_bytes;
    return count + 1;
}

static void on_sent(struct event *event, bool is_ok)
{
    struct rpc_call *call = CONTAINER_OF(event, struct rpc_call, sent);
    grpc_byte_buffer_destroy(call->reply_bytes);
    call->reply_bytes = NULL;
    if (!is_ok)
        atomic_store_explicit(&call->is_cancelled, true, memory_order_relaxed);
    if (is_ok && call->method->kind == METHOD_LOCKSTEP) {
        call_read(call);
    } else {
        call_move(call, CALL_QUEUED);
        call_queue_turn(call);
    }
    call_drop(call);
}

void call_send(struct rpc_call *call)
{
    grpc_op ops[MAX_OPS];
    size_t count = add_headers(call, ops, 0);
    count = add_message(call, ops, count);
    call_move(call, CALL_SENDING);
    call_start_batch(call, ops, count, &call->sent, on_sent);
}

static void on_finished(struct event *event, bool is_ok)
{
    (void)is_ok; /* whether the client learnt of it or not, there is nothing more to do */
    call_drop(CONTAINER_OF(event, struct rpc_call, finished));
}

static void tell_end(const struct rpc_call *call, const struct err *failure)
{
    struct str method = call->method ? rpc_call_method(call) : (struct str){0};
    int status = failure ? rpc_status_from_err(failure->code) : (int)GRPC_STATUS_OK;
    server_tell_ended(call->server, method, status, call->accepted_us);
}

void call_finish(struct rpc_call *call, const struct err *failure)
{
    grpc_op ops[MAX_OPS];
    size_t count = add_headers(call, ops, 0);
    if (!failure)
        count = add_message(call, ops, count);
    grpc_op *status = &ops[count++];
    *status = (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER};
    grpc_slice text = grpc_empty_slice();
    grpc_metadata trailer = {.key = grpc_slice_from_static_string(RPC_DETAILS_KEY),
                             .value = grpc_empty_slice()};
    if (failure) {
        struct str details = rpc_status_pack(failure, &call->turn_arena);
        text = grpc_slice_from_copied_string(failure->text);
        trailer.value = grpc_slice_from_copied_buffer(details.len ? details.ptr : "", details.len);
        status->data.send_status_from_server.status =
            (grpc_status_code)rpc_status_from_err(failure->code);
        status->data.send_status_from_server.status_details = &text;
        status->data.send_status_from_server.trailing_metadata = &trailer;
        status->data.send_status_from_server.trailing_metadata_count = details.len ? 1 : 0;
    }
    tell_end(call, failure);
    call_move(call, CALL_ENDED);
    call_start_batch(call, ops, count, &call->finished, on_finished);
    grpc_slice_unref(text);
    grpc_slice_unref(trailer.value);
}
