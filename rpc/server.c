/* SPDX-License-Identifier: Apache-2.0
 *
 * A server: one completion queue, the pollers that take its events, the workers that run handlers,
 * and the list of calls. Pollers never block but in gRPC. The phase only goes forward; the stop
 * goes in the order that gRPC needs: nothing may be started on a completion queue that is shut
 * down, so all calls are gone before that.
 */
#include "rpc/server.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "rpc/accept.h"
#include "rpc/call.h"
#include "rpc/core.h"
#include "rpc/listen.h"
#include "rpc/resets.h"

#include <assert.h>
#include <grpc/support/time.h>

enum {
    ACCEPTS_PER_POLLER = 8, /* clients that may arrive before a poller looks */
    QUICK_RESERVE = 64,     /* calls of quick services beyond max_calls */
    DECODED_PER_BYTE = 16,  /* a message may take this many times its size once decoded */
    LIMIT_RETRY_AFTER_MS = 1000,
    LINGER_MS = 500,
    LOOKS_PER_TIMEOUT = 4, /* for requests that are late */
};

enum phase {
    PHASE_NEW,
    PHASE_SERVING,
    PHASE_STOPPING, /* no new calls */
    PHASE_DRAINED,  /* gRPC has no call left; we may */
    PHASE_STOPPED,
};

struct rpc_server {
    struct rpc_server_options options;
    struct methods methods;
    struct workers workers;
    grpc_completion_queue *queue;
    grpc_server *core;
    struct credentials_feed feed;
    int port;
    pthread_t *pollers;
    unsigned poller_count;
    struct event drained;
    struct {
        void (*hook)(void *);
        void *data;
    } on_stop[SERVER_MAX_HOOKS];
    size_t on_stop_count;
    struct resets resets;
    atomic_size_t decoded_bytes; /* of the requests of all calls */
    _Atomic(int64_t) look_ms;    /* when a poller looks for late requests again */

    pthread_mutex_t mutex;
    pthread_cond_t has_changed; /* phase, or objects became 0 */
    _Atomic(enum phase) phase;  /* changed under mutex */
    struct list calls;          /* admitted; under mutex, as are the next two */
    unsigned call_count;        /* in the list */
    unsigned object_count;      /* all struct rpc_call that gRPC may still tell events of */
};

const struct methods *server_methods(const struct rpc_server *server)
{
    return &server->methods;
}

struct workers *server_workers(struct rpc_server *server)
{
    return &server->workers;
}

size_t server_max_request_memory(const struct rpc_server *server)
{
    return server->options.max_message_bytes * DECODED_PER_BYTE;
}

size_t server_max_metadata_bytes(const struct rpc_server *server)
{
    return server->options.max_metadata_bytes;
}

int64_t server_request_timeout_ms(const struct rpc_server *server)
{
    return server->options.request_timeout_ms;
}

bool server_take_decoded(struct rpc_server *server, size_t bytes, struct err *err)
{
    size_t before = atomic_fetch_add_explicit(&server->decoded_bytes, bytes, memory_order_relaxed);
    if (before + bytes <= server->options.max_decoded_bytes)
        return true;
    server_give_back_decoded(server, bytes);
    (void)err_set(err, ERR_LIMIT,
                  "the requests that this server holds take all the memory it has "
                  "for them; ask for less at a time");
    return err_retry_after(err, LIMIT_RETRY_AFTER_MS);
}

void server_give_back_decoded(struct rpc_server *server, size_t bytes)
{
    atomic_fetch_sub_explicit(&server->decoded_bytes, bytes, memory_order_relaxed);
}

bool server_is_stopping(const struct rpc_server *server)
{
    return atomic_load(&server->phase) >= PHASE_STOPPING;
}

int rpc_server_port(const struct rpc_server *server)
{
    return server->port;
}

unsigned rpc_server_calls(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    unsigned count = server->call_count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

/* --- calls ----------------------------------------------------------------------------------- */

void server_request_call(struct rpc_server *server, struct rpc_call *call)
{
    pthread_mutex_lock(&server->mutex);
    server->object_count++;
    pthread_mutex_unlock(&server->mutex);
    grpc_call_error error =
        grpc_server_request_call(server->core, &call->core, &call->details, &call->metadata,
                                 server->queue, server->queue, &call->accepted);
    assert(error == GRPC_CALL_OK); /* also while stopping: then the event fails */
}

bool server_admit(struct rpc_server *server, struct rpc_call *call, struct err *err)
{
    unsigned max = server->options.max_calls + (call->method->is_quick ? QUICK_RESERVE : 0);
    pthread_mutex_lock(&server->mutex);
    bool is_stopping = server_is_stopping(server);
    bool is_admitted = !is_stopping && server->call_count < max;
    if (is_admitted) {
        list_push(&server->calls, &call->node);
        server->call_count++;
    }
    pthread_mutex_unlock(&server->mutex);
    if (is_stopping)
        return err_set(err, ERR_UNAVAILABLE, "the server is shutting down");
    if (!is_admitted) {
        err_set(err, ERR_LIMIT, "the server has %u calls at a time, its limit",
                server->options.max_calls); /* the RetryInfo says when to try again */
        return err_retry_after(err, LIMIT_RETRY_AFTER_MS);
    }
    return true;
}

void server_tell_refused(const struct rpc_server *server, struct rpc_call *call,
                         const struct err *why)
{
    if (server->options.refused)
        server->options.refused(server->options.told, call, why);
}

void server_tell_ended(const struct rpc_server *server, struct str method, int status,
                       int64_t accepted_us)
{
    if (server->options.ended)
        server->options.ended(server->options.told, method, status,
                              (double)(clock_monotonic_us() - accepted_us) / 1e6);
}

void server_count_reset(struct rpc_server *server, struct rpc_call *call)
{
    if (resets_count(&server->resets, rpc_call_peer(call), server->port) && server->options.cut_off)
        server->options.cut_off(server->options.told, call);
}

void server_forget(struct rpc_server *server, struct rpc_call *call)
{
    pthread_mutex_lock(&server->mutex);
    if (!list_is_empty(&call->node)) {
        list_remove(&call->node);
        server->call_count--;
    }
    server->object_count--;
    if (server->object_count == 0)
        pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

/* --- start ----------------------------------------------------------------------------------- */

bool rpc_server_new(const struct rpc_server_options *options, struct rpc_server **out,
                    struct err *err)
{
    struct rpc_server_options all;
    if (!listen_resolve(options, &all, err))
        return false;
    struct rpc_server *server = mem_new(struct rpc_server);
    server->options = all;
    server->options.listen = mem_dup(all.listen);
    server->options.tls = (struct rpc_tls){
        .certificate_pem = all.tls.certificate_pem ? mem_dup(all.tls.certificate_pem) : NULL,
        .key_pem = all.tls.key_pem ? mem_dup(all.tls.key_pem) : NULL,
        .client_ca_pem = all.tls.client_ca_pem ? mem_dup(all.tls.client_ca_pem) : NULL,
    };
    atomic_init(&server->phase, PHASE_NEW);
    list_init(&server->calls);
    resets_init(&server->resets);
    workers_init(&server->workers);
    pthread_mutex_init(&server->mutex, NULL);
    thread_condition_init(&server->has_changed);
    *out = server;
    return true;
}

bool rpc_server_add(struct rpc_server *server, ProtobufCService *service,
                    const struct rpc_schema *schema, struct err *err)
{
    assert(server->phase == PHASE_NEW);
    return methods_add(&server->methods, service, schema, false, err);
}

bool rpc_server_add_quick(struct rpc_server *server, ProtobufCService *service,
                          const struct rpc_schema *schema, struct err *err)
{
    assert(server->phase == PHASE_NEW);
    return methods_add(&server->methods, service, schema, true, err);
}

void server_on_stop(struct rpc_server *server, void (*hook)(void *), void *data)
{
    assert(server->on_stop_count < SERVER_MAX_HOOKS);
    server->on_stop[server->on_stop_count].hook = hook;
    server->on_stop[server->on_stop_count].data = data;
    server->on_stop_count++;
}

static int64_t look_interval_ms(const struct rpc_server *server)
{
    return server->options.request_timeout_ms / LOOKS_PER_TIMEOUT + 1;
}

/* A call that never sends its request would keep its place for ever. One poller looks at a time. */
static void expire_calls(struct rpc_server *server)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t look_ms = atomic_load(&server->look_ms);
    int64_t next_ms = now_ms + look_interval_ms(server);
    if (now_ms < look_ms || !atomic_compare_exchange_strong(&server->look_ms, &look_ms, next_ms))
        return;
    pthread_mutex_lock(&server->mutex);
    for (struct list *node = server->calls.next; node != &server->calls; node = node->next)
        call_expire(CONTAINER_OF(node, struct rpc_call, node), now_ms);
    pthread_mutex_unlock(&server->mutex);
}

static gpr_timespec next_look(const struct rpc_server *server)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_millis(look_interval_ms(server), GPR_TIMESPAN));
}

static void *poll_events(void *data)
{
    struct rpc_server *server = data;
    for (;;) {
        grpc_event told = grpc_completion_queue_next(server->queue, next_look(server), NULL);
        if (told.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (told.type == GRPC_OP_COMPLETE) {
            struct event *event = told.tag;
            event->happened(event, told.success != 0);
        }
        expire_calls(server);
    }
}

static bool start_pollers(struct rpc_server *server, struct err *err)
{
    unsigned count = server->options.pollers;
    server->pollers = mem_new_array(count, sizeof *server->pollers);
    for (; server->poller_count < count; server->poller_count++) {
        if (pthread_create(&server->pollers[server->poller_count], NULL, poll_events, server) != 0)
            return err_set(err, ERR_UNAVAILABLE, "cannot start %u poller threads", count);
    }
    return true;
}

/* Ends threads and gRPC's objects. No call is left, so nobody starts anything any more. */
static void tear_down(struct rpc_server *server)
{
    workers_stop(&server->workers);
    grpc_server_destroy(server->core);
    grpc_completion_queue_shutdown(server->queue);
    if (server->poller_count == 0)
        poll_events(server); /* somebody must see the queue empty */
    for (unsigned i = 0; i < server->poller_count; i++)
        pthread_join(server->pollers[i], NULL);
    grpc_completion_queue_destroy(server->queue);
    core_stop();
}

static void enter(struct rpc_server *server, enum phase phase)
{
    pthread_mutex_lock(&server->mutex);
    atomic_store(&server->phase, phase);
    pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

bool rpc_server_start(struct rpc_server *server, struct err *err)
{
    assert(server->phase == PHASE_NEW);
    core_start();
    server->core = listen_create(&server->options);
    server->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->core, server->queue, NULL);
    if (!workers_start(&server->workers, server->options.workers, err) ||
        !start_pollers(server, err) || !accept_limit(server->options.max_connections, err) ||
        !listen_bind(server->core, &server->options, &server->feed, &server->port, err)) {
        tear_down(server);
        enter(server, PHASE_STOPPED);
        return false;
    }
    grpc_server_start(server->core);
    for (unsigned i = 0; i < server->options.pollers * ACCEPTS_PER_POLLER; i++)
        call_accept(server);
    enter(server, PHASE_SERVING); /* from now on it can be stopped */
    return true;
}

/* --- stop ------------------------------------------------------------------------------------ */

static void on_drained(struct event *event, bool is_ok)
{
    (void)is_ok;
    enter(CONTAINER_OF(event, struct rpc_server, drained), PHASE_DRAINED);
}

/* Under the server's mutex, as the next one. */
static bool has_no_calls(const struct rpc_server *server)
{
    return server->object_count == 0;
}

static bool is_drained(const struct rpc_server *server)
{
    return atomic_load(&server->phase) == PHASE_DRAINED && has_no_calls(server);
}

/* Waits until the server is so, at most for this time. */
static void wait_until(struct rpc_server *server, bool (*is_so)(const struct rpc_server *),
                       int64_t at_most_ms)
{
    int64_t until_ms = clock_monotonic_ms() + at_most_ms;
    pthread_mutex_lock(&server->mutex);
    while (!is_so(server) && thread_wait_until(&server->has_changed, &server->mutex, until_ms)) {
    }
    pthread_mutex_unlock(&server->mutex);
}

/* The calls get their grace. Connections without calls do not: gRPC waits 20 s for a client that
 * does not acknowledge its GOAWAY, so they are cut after a moment. */
static void drain(struct rpc_server *server, int64_t grace_ms)
{
    wait_until(server, has_no_calls, grace_ms);
    wait_until(server, is_drained, grace_ms < LINGER_MS ? grace_ms : LINGER_MS);
    grpc_server_cancel_all_calls(server->core); /* none left: nothing happens */
    pthread_mutex_lock(&server->mutex);
    while (!is_drained(server))
        pthread_cond_wait(&server->has_changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

/* True for the one caller who is to stop the server; others wait until it is done. */
static bool begin_stop(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    enum phase phase = atomic_load(&server->phase);
    if (phase == PHASE_SERVING)
        atomic_store(&server->phase, PHASE_STOPPING);
    while (phase != PHASE_NEW && phase != PHASE_SERVING &&
           atomic_load(&server->phase) != PHASE_STOPPED)
        pthread_cond_wait(&server->has_changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
    return phase == PHASE_SERVING;
}

static void interrupt_calls(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    for (struct list *node = server->calls.next; node != &server->calls; node = node->next)
        call_interrupt(CONTAINER_OF(node, struct rpc_call, node));
    pthread_mutex_unlock(&server->mutex);
}

void rpc_server_stop(struct rpc_server *server, int64_t grace_ms)
{
    for (size_t i = 0; i < server->on_stop_count; i++)
        server->on_stop[i].hook(server->on_stop[i].data);
    if (!begin_stop(server))
        return;
    server->drained.happened = on_drained;
    grpc_server_shutdown_and_notify(server->core, server->queue, &server->drained);
    interrupt_calls(server);
    drain(server, grace_ms);
    tear_down(server);
    enter(server, PHASE_STOPPED);
}

void rpc_server_free(struct rpc_server *server)
{
    if (!server)
        return;
    rpc_server_stop(server, 0);
    methods_done(&server->methods);
    workers_done(&server->workers);
    resets_done(&server->resets);
    free(server->pollers);
    free((char *)server->options.listen);
    free((char *)server->options.tls.certificate_pem);
    free((char *)server->options.tls.key_pem);
    free((char *)server->options.tls.client_ca_pem);
    pthread_cond_destroy(&server->has_changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
