/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake_core.h. One lock over everything, so that what TSan finds is ours. Calls are in
 * fake_calls.c, values (slices, buffers, arrays) in fake_values.c.
 */
#include "tests/rpc/fake_core.h"

#include "base/mem.h"
#include "tests/rpc/fake_state.h"
#include "tests/rpc/fake_values.h"

#include <assert.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct fake_state core = {
    .mutex = PTHREAD_MUTEX_INITIALIZER, .has_changed = PTHREAD_COND_INITIALIZER, .random = 1};

void fake_lock(void)
{
    pthread_mutex_lock(&core.mutex);
}

void fake_unlock(void)
{
    pthread_mutex_unlock(&core.mutex);
}

static unsigned draw(unsigned limit)
{
    core.random ^= core.random << 13;
    core.random ^= core.random >> 7;
    core.random ^= core.random << 17;
    return (unsigned)(core.random >> 33) % limit;
}

unsigned fake_core_draw(unsigned limit)
{
    fake_lock();
    unsigned drawn = draw(limit);
    fake_unlock();
    return drawn;
}

void fake_core_seed(uint64_t seed)
{
    fake_lock();
    core.random = seed * 0x9e3779b97f4a7c15U + 1;
    fake_unlock();
}

void fake_core_hold(bool is_held)
{
    fake_lock();
    core.is_held = is_held;
    pthread_cond_broadcast(&core.has_changed);
    fake_unlock();
}

/* --- events ---------------------------------------------------------------------------------- */

void fake_tell(void *tag, bool is_ok, struct fake_call *call, unsigned ops)
{
    assert(core.event_count < MAX_EVENTS);
    core.events[core.event_count++] = (struct told){tag, is_ok, call, ops};
    if (call)
        call->untold++;
    pthread_cond_broadcast(&core.has_changed);
}

void fake_tell_shutdown_if_due(void)
{
    grpc_server *server = core.server;
    if (!server || !server->shutdown_tag || server->is_told)
        return;
    for (size_t i = 0; i < core.active_count; i++) {
        if (fake_is_on_wire(core.active[i]))
            return;
    }
    server->is_told = true;
    fake_tell(server->shutdown_tag, true, NULL, 0);
}

void fake_match(void)
{
    while (core.request_count > 0 && core.incoming_count > 0) {
        struct request request = core.requests[--core.request_count];
        struct fake_call *call = core.incoming[--core.incoming_count];
        call->has_server_side = true;
        fake_count(1);
        core.active[core.active_count++] = call;
        *request.out = (grpc_call *)call;
        request.details->method = grpc_slice_from_copied_string(call->method);
        request.details->deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
        fake_tell(request.tag, true, NULL, 0);
    }
}

/* --- the queue ------------------------------------------------------------------------------- */

grpc_completion_queue *grpc_completion_queue_create_for_next(void *reserved)
{
    assert(!reserved);
    grpc_completion_queue *queue = mem_new(struct grpc_completion_queue);
    fake_count(1);
    fake_lock();
    core.queue = queue;
    fake_unlock();
    return queue;
}

grpc_event grpc_completion_queue_next(grpc_completion_queue *cq, gpr_timespec deadline,
                                      void *reserved)
{
    (void)deadline;
    assert(!reserved);
    grpc_event event = {.type = GRPC_QUEUE_SHUTDOWN};
    fake_lock();
    cq->inside++;
    while (core.is_held || (core.event_count == 0 && !cq->is_shut_down))
        pthread_cond_wait(&core.has_changed, &core.mutex);
    if (core.event_count > 0) {
        struct told *drawn = &core.events[draw((unsigned)core.event_count)];
        event = (grpc_event){GRPC_OP_COMPLETE, drawn->is_ok, drawn->tag};
        if (drawn->call) {
            drawn->call->ops &= ~drawn->ops;
            drawn->call->untold--;
        }
        *drawn = core.events[--core.event_count];
    }
    cq->inside--;
    bool is_slow = draw(4) == 0;
    fake_unlock();
    if (is_slow)
        sched_yield();
    return event;
}

void grpc_completion_queue_shutdown(grpc_completion_queue *cq)
{
    fake_lock();
    assert(!cq->is_shut_down);
    cq->is_shut_down = true;
    pthread_cond_broadcast(&core.has_changed);
    fake_unlock();
}

void grpc_completion_queue_destroy(grpc_completion_queue *cq)
{
    fake_lock();
    assert(cq->is_shut_down && cq->inside == 0 && core.event_count == 0);
    core.queue = NULL;
    fake_unlock();
    fake_count(-1);
    free(cq);
}

/* --- the server ------------------------------------------------------------------------------ */

grpc_server *grpc_server_create(const grpc_channel_args *args, void *reserved)
{
    assert(args->num_args > 0 && !reserved);
    grpc_server *server = mem_new(struct grpc_server);
    fake_count(1);
    fake_lock();
    assert(!core.server && core.request_count == 0 && core.incoming_count == 0);
    core.server = server;
    fake_unlock();
    return server;
}

void grpc_server_register_completion_queue(grpc_server *server, grpc_completion_queue *cq,
                                           void *reserved)
{
    assert(server == core.server && cq == core.queue && !reserved);
}

int grpc_server_add_http2_port(grpc_server *server, const char *addr,
                               grpc_server_credentials *creds)
{
    assert(creds);
    bool is_taken = strcmp(addr, "taken:1") == 0;
    server->is_bound = !is_taken;
    return is_taken ? 0 : 1;
}

void grpc_server_start(grpc_server *server)
{
    assert(server->is_bound);
}

grpc_call_error grpc_server_request_call(grpc_server *server, grpc_call **call,
                                         grpc_call_details *details,
                                         grpc_metadata_array *request_metadata,
                                         grpc_completion_queue *cq_bound_to_call,
                                         grpc_completion_queue *cq_for_notification, void *tag_new)
{
    fake_lock();
    assert(request_metadata && cq_bound_to_call == core.queue);
    assert(cq_for_notification == core.queue && !core.queue->is_shut_down);
    if (server->is_shut_down) {
        fake_tell(tag_new, false, NULL, 0);
    } else {
        assert(core.request_count < MAX_REQUESTS);
        core.requests[core.request_count++] = (struct request){call, details, tag_new};
        fake_match();
    }
    fake_unlock();
    return GRPC_CALL_OK;
}

void grpc_server_shutdown_and_notify(grpc_server *server, grpc_completion_queue *cq, void *tag)
{
    fake_lock();
    assert(!cq->is_shut_down && !server->is_shut_down);
    server->is_shut_down = true;
    server->shutdown_tag = tag;
    while (core.request_count > 0)
        fake_tell(core.requests[--core.request_count].tag, false, NULL, 0);
    while (core.incoming_count > 0)
        core.incoming[--core.incoming_count]->is_cancelled = true;
    fake_tell_shutdown_if_due();
    fake_unlock();
}

void grpc_server_cancel_all_calls(grpc_server *server)
{
    fake_lock();
    assert(server->is_shut_down);
    for (size_t i = 0; i < core.active_count; i++)
        fake_cut(core.active[i]);
    fake_unlock();
}

void grpc_server_destroy(grpc_server *server)
{
    fake_lock();
    assert(!server->is_bound || (server->is_told && core.active_count == 0));
    core.server = NULL;
    fake_unlock();
    fake_count(-1);
    free(server);
}
