/* SPDX-License-Identifier: Apache-2.0
 *
 * A server: libmicrohttpd's threads, which move bytes and never wait for anything else; the
 * workers, which run handlers and ask streams; a thread that asks those that wait too long; the
 * list of calls. The stop goes in the order that libmicrohttpd needs: no connection may be
 * suspended when it stops. MHD_quiesce_daemon is left alone: whoever connects after it waits
 * unheard, and in 0.9.75 it may race with a thread that leaves the listener, too, and abort.
 */
#include "http/server.h"

#include "base/clock.h"
#include "base/host.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/query.h"
#include "http/tls.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>

enum {
    DEFAULT_THREADS = 2,
    DEFAULT_WORKERS = 4,
    DEFAULT_CONNECTIONS = 10000,
    DEFAULT_BODY_BYTES = 1024 * 1024,
    DEFAULT_HEADER_BYTES = 32 * 1024,
    DEFAULT_TIMEOUT_MS = 30000,
    DEFAULT_ASK_AGAIN_MS = 10000,
    DEFAULT_HANG_MS = 3000,
    MAX_DROPPED_BYTES = 16 * 1024 * 1024, /* of a body that is too large, before it is cut off */
    MAX_BODIES_BYTES = 256 * 1024 * 1024, /* of all requests together */
    HOST_SIZE = 256,
};

struct http_server {
    struct http_server_options options;
    struct router router;
    struct MHD_Daemon *daemon; /* NULL: not started, or stopped */
    bool is_started;           /* and not stopped to the end */
    int port;
    struct workers workers;
    struct workers slow_workers; /* for slow routes */
    pthread_t ticker;

    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    struct list calls; /* under mutex, as the next */
    bool is_over;      /* for the ticker */
    atomic_bool is_stopping;
    atomic_size_t body_bytes; /* of all requests */

    pthread_mutex_t gate; /* taken last */
    pthread_cond_t gate_changed;
    size_t held;     /* under gate, as the next: calls that are suspended, or being ended */
    bool is_cutting; /* nothing is suspended any more */
};

const struct http_server_options *http_server_get_options(const struct http_server *server)
{
    return &server->options;
}

bool http_server_is_stopping(const struct http_server *server)
{
    return atomic_load(&server->is_stopping);
}

/* --- to and fro --------------------------------------------------------------------------------
 */

void http_server_push(struct http_server *server, struct http_call *call)
{
    const struct http_server_options *options = &server->options;
    bool is_slow = options->is_slow && options->is_slow(call->match.route);
    workers_push(is_slow ? &server->slow_workers : &server->workers, &call->work);
}

bool http_server_hand_over(struct http_server *server, struct http_call *call)
{
    pthread_mutex_lock(&server->gate);
    bool is_open = !server->is_cutting;
    server->held += is_open;
    pthread_mutex_unlock(&server->gate);
    if (!is_open)
        return false;
    MHD_suspend_connection(call->connection);
    http_server_push(server, call);
    return true;
}

void http_server_forget_body(struct http_server *server, size_t bytes)
{
    atomic_fetch_sub(&server->body_bytes, bytes);
}

void http_server_push_end(struct http_server *server, struct http_call *call)
{
    pthread_mutex_lock(&server->gate);
    server->held++;
    pthread_mutex_unlock(&server->gate);
    http_server_push(server, call);
}

void http_server_let_go(struct http_server *server)
{
    pthread_mutex_lock(&server->gate);
    server->held--;
    if (server->held == 0)
        pthread_cond_broadcast(&server->gate_changed);
    pthread_mutex_unlock(&server->gate);
}

void http_server_resume(struct http_server *server, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    http_server_let_go(server); /* after it: a stop may go on once none is suspended */
}

/* --- requests ----------------------------------------------------------------------------------
 */

/* What is known before the body has come. */
static bool check_head(struct http_server *server, struct http_call *call, struct err *err)
{
    int64_t length = 0;
    struct str told = http_field(call, "content-length");
    if (!query_is_clean(call->path))
        return err_set(err, ERR_INVALID, "the path holds control characters, or is not UTF-8");
    if (!router_find(&server->router, call->method, call->path, &call->match)) {
        struct str allowed = router_allowed(&server->router, call->path, &call->arena);
        if (str_is_empty(allowed))
            return err_set(err, ERR_NOT_FOUND, "there is nothing at this path");
        http_add_field(call, "Allow", allowed);
        return err_set(err, ERR_UNIMPLEMENTED, "this path takes %.*s", STR_ARG(allowed));
    }
    if (!query_check(call, err))
        return false;
    if (str_to_int64(told, &length) && length > MAX_DROPPED_BYTES) /* a lesser one: see take_body */
        return err_set(err, ERR_TOO_LARGE, "the request has %lld bytes; %zu are possible",
                       (long long)length, server->options.max_body_bytes);
    return true;
}

static enum MHD_Result refuse(struct http_call *call, const struct err *why)
{
    const struct http_server_options *options = http_server_get_options(call->server);
    options->refuse(options->data, call, why);
    return http_call_send(call);
}

static enum MHD_Result begin_call(struct http_server *server, struct MHD_Connection *connection,
                                  const char *method, const char *url, void **state)
{
    struct err err;
    struct http_call *call = http_call_new(server, connection, method, str_of(url));
    *state = call;
    pthread_mutex_lock(&server->mutex);
    bool is_late = http_server_is_stopping(server); /* the stop waits for no more than there are */
    if (!is_late)
        list_push(&server->calls, &call->node);
    pthread_mutex_unlock(&server->mutex);
    if (is_late) {
        http_add_field(call, "Connection", STR("close"));
        (void)err_set(&err, ERR_UNAVAILABLE, "the server is shutting down; try again soon");
        return refuse(call, &err);
    }
    return check_head(server, call, &err) ? MHD_YES : refuse(call, &err);
}

/* What is too large is dropped until its end, for most clients read an answer only then; what is
 * very much larger is cut off. */
static enum MHD_Result take_body(struct http_server *server, struct http_call *call,
                                 const char *data, size_t *len)
{
    size_t before = call->body.len;
    buf_add(&call->body, data, *len);
    size_t added = call->body.len - before;
    if (atomic_fetch_add(&server->body_bytes, added) + added > MAX_BODIES_BYTES)
        return MHD_NO; /* nobody has asked yet who sends all this */
    if (!buf_is_ok(&call->body))
        call->dropped += *len;
    *len = 0;
    return call->dropped <= MAX_DROPPED_BYTES ? MHD_YES : MHD_NO;
}

static enum MHD_Result run(struct http_server *server, struct http_call *call)
{
    struct err err;
    if (!buf_is_ok(&call->body)) {
        err_set(&err, ERR_TOO_LARGE, "the request has more than %zu bytes, which are possible",
                server->options.max_body_bytes);
        return refuse(call, &err);
    }
    pthread_mutex_lock(&call->mutex);
    call->state = CALL_HANDLED;
    pthread_mutex_unlock(&call->mutex);
    return http_server_hand_over(server, call) ? MHD_YES : MHD_NO;
}

/* Called with a request's head, with each part of its body, with the body's end, and when a worker
 * is done with it. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **state)
{
    struct http_server *server = data;
    struct http_call *call = *state;
    (void)version;
    if (!call)
        return begin_call(server, connection, method, url, state);
    if (*upload_len > 0)
        return take_body(server, call, upload, upload_len);
    return call->response ? http_call_send(call) : run(server, call);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct http_server *server = data;
    struct http_call *call = *state;
    (void)connection;
    if (!call)
        return;
    *state = NULL;
    pthread_mutex_lock(&server->mutex);
    list_remove(&call->node);
    if (list_is_empty(&server->calls))
        pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
    http_call_end(call, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

/* --- streams that wait -------------------------------------------------------------------------
 */

/* Under the mutex. */
static void ask_again(struct http_server *server, int64_t asked_before_ms)
{
    for (struct list *node = server->calls.next; node != &server->calls; node = node->next)
        http_call_ask_again(CONTAINER_OF(node, struct http_call, node), asked_before_ms);
}

static void *tick(void *data)
{
    struct http_server *server = data;
    int64_t each_ms = server->options.ask_again_ms / 2 + 1;
    pthread_mutex_lock(&server->mutex);
    while (!server->is_over) {
        int64_t next_ms = clock_monotonic_ms() + each_ms;
        while (!server->is_over &&
               thread_wait_until(&server->has_changed, &server->mutex, next_ms)) {
        }
        ask_again(server, clock_monotonic_ms() - each_ms);
    }
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

/* --- start -------------------------------------------------------------------------------------
 */

static void set_defaults(struct http_server_options *options)
{
    struct http_server_options *o = options;
    o->threads = o->threads ? o->threads : DEFAULT_THREADS;
    o->workers = o->workers ? o->workers : DEFAULT_WORKERS;
    o->max_connections = o->max_connections ? o->max_connections : DEFAULT_CONNECTIONS;
    o->max_body_bytes = o->max_body_bytes ? o->max_body_bytes : DEFAULT_BODY_BYTES;
    o->max_header_bytes = o->max_header_bytes ? o->max_header_bytes : DEFAULT_HEADER_BYTES;
    o->timeout_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_TIMEOUT_MS;
    o->ask_again_ms = o->ask_again_ms ? o->ask_again_ms : DEFAULT_ASK_AGAIN_MS;
    o->hang_ms = o->hang_ms ? o->hang_ms : DEFAULT_HANG_MS;
}

bool http_server_new(const struct http_server_options *options, struct http_server **out,
                     struct err *err)
{
    for (size_t i = 0; i < options->route_count; i++)
        if (!router_is_legal(&options->routes[i]))
            return err_set(err, ERR_INVALID, "the route %s makes no sense",
                           options->routes[i].path);
    if (!options->refuse || !options->listen)
        return err_set(err, ERR_INVALID, "an HTTP server needs an address, and who refuses");
    struct http_server *server = mem_new(struct http_server);
    server->options = *options;
    set_defaults(&server->options);
    server->router = (struct router){options->routes, options->route_count};
    list_init(&server->calls);
    workers_init(&server->workers);
    workers_init(&server->slow_workers);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_mutex_init(&server->gate, NULL);
    thread_condition_init(&server->has_changed);
    thread_condition_init(&server->gate_changed);
    *out = server;
    return true;
}

/* "[::1]:80", "localhost:0" and the like: the first address that it stands for. */
static bool resolve(const char *listen, struct addrinfo **out, struct err *err)
{
    char host_text[HOST_SIZE];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct str host = host_of(str_of(listen));
    struct str port = host_port_of(str_of(listen));
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct str){host.ptr + 1, host.len - 2};
    if (host.len >= sizeof host_text || str_is_empty(port))
        return err_set(err, ERR_INVALID, "cannot listen on %s; an address is HOST:PORT", listen);
    memcpy(host_text, host.ptr, host.len);
    host_text[host.len] = '\0';
    int failure = getaddrinfo(host_text, port.ptr, &hints, out);
    return failure == 0 ||
           err_set(err, ERR_UNAVAILABLE, "cannot listen on %s: %s", listen, gai_strerror(failure));
}

static bool start_daemon(struct http_server *server, struct err *err)
{
    const struct http_server_options *o = &server->options;
    struct addrinfo *address = NULL;
    if (!resolve(o->listen, &address, err) || !address)
        return false;
    /* under epoll, libmicrohttpd 0.9.75 spins for as long as a client halts in a TLS handshake */
    unsigned flags = o->tls.hold ? MHD_USE_POLL_INTERNAL_THREAD : MHD_USE_EPOLL_INTERNAL_THREAD;
    flags |= (unsigned)MHD_ALLOW_SUSPEND_RESUME;
    flags |= address->ai_family == AF_INET6 ? (unsigned)MHD_USE_DUAL_STACK : 0;
    flags |= o->tls.hold ? (unsigned)MHD_USE_TLS : 0;
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_LIMIT,
        o->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((o->timeout_ms + 999) / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->max_header_bytes, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_THREAD_POOL_SIZE, o->threads > 1 ? o->threads : 0U,
        o->tls.hold ? MHD_OPTION_HTTPS_CERT_CALLBACK
                    : MHD_OPTION_END, /* then the rest is not read */
        tls_retrieve, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_END);
    int failure = errno;
    freeaddrinfo(address);
    if (!server->daemon)
        return err_set(err, ERR_UNAVAILABLE, "cannot listen on %s%s%s", o->listen,
                       failure ? ": " : "", failure ? strerrordesc_np(failure) : "");
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info ? info->port : 0;
    return true;
}

static void stop_workers(struct http_server *server)
{
    workers_stop(&server->workers);
    workers_stop(&server->slow_workers);
}

bool http_server_start(struct http_server *server, struct err *err)
{
    const struct http_server_options *options = &server->options;
    if (options->tls.hold && !tls_open(&options->tls, err))
        return false;
    if (!workers_start(&server->workers, options->workers, err) ||
        (options->is_slow && !workers_start(&server->slow_workers, options->workers, err)) ||
        !start_daemon(server, err)) {
        stop_workers(server);
        if (options->tls.hold)
            tls_close();
        return false;
    }
    thread_start(&server->ticker, tick, server);
    server->is_started = true;
    return true;
}

bool http_server_open(const struct http_server_options *options, struct http_server **out,
                      struct err *err)
{
    if (!http_server_new(options, out, err))
        return false;
    if (http_server_start(*out, err))
        return true;
    http_server_free(*out);
    *out = NULL;
    return false;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

/* --- stop --------------------------------------------------------------------------------------
 */

/* Streams end; others have their grace. */
static void drain(struct http_server *server, int64_t grace_ms)
{
    int64_t until_ms = clock_monotonic_ms() + grace_ms;
    pthread_mutex_lock(&server->mutex);
    ask_again(server, INT64_MAX);
    while (!list_is_empty(&server->calls) &&
           thread_wait_until(&server->has_changed, &server->mutex, until_ms)) {
    }
    server->is_over = true;
    pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

/* Waits until workers have no call in hand, but for those that hang: how many. */
static size_t await_workers(struct http_server *server)
{
    int64_t until_ms = clock_monotonic_ms() + server->options.hang_ms;
    pthread_mutex_lock(&server->gate);
    while (server->held > 0 && thread_wait_until(&server->gate_changed, &server->gate, until_ms)) {
    }
    size_t hanging = server->held;
    pthread_mutex_unlock(&server->gate);
    return hanging;
}

/* From here on nothing is suspended, and what is comes back. */
static void shut_gate(struct http_server *server)
{
    pthread_mutex_lock(&server->gate);
    server->is_cutting = true;
    pthread_mutex_unlock(&server->gate);
}

size_t http_server_stop(struct http_server *server, int64_t grace_ms)
{
    size_t hanging = 0;
    if (!server->is_started)
        return 0;
    if (server->daemon) {
        atomic_store(&server->is_stopping, true);
        drain(server, grace_ms);
        shut_gate(server);
        hanging = await_workers(server);
        if (hanging > 0)
            return hanging;
        MHD_stop_daemon(server->daemon);
        server->daemon = NULL;
    }
    hanging = await_workers(server); /* with the ends of those that were cut */
    if (hanging > 0)
        return hanging;
    pthread_join(server->ticker, NULL);
    stop_workers(server);
    if (server->options.tls.hold)
        tls_close();
    server->is_started = false;
    return 0;
}

void http_server_free(struct http_server *server)
{
    if (!server || http_server_stop(server, 0) > 0)
        return;
    workers_done(&server->workers);
    workers_done(&server->slow_workers);
    pthread_cond_destroy(&server->gate_changed);
    pthread_cond_destroy(&server->has_changed);
    pthread_mutex_destroy(&server->gate);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
