/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. Here: a request as its handler sees it, and the verbs.
 */
#include "http/call.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

enum { STREAM_BLOCK_BYTES = 64 * 1024 };

/* A field of the answer, kept until there is a response to add it to. */
struct http_call_field {
    const char *name;
    const char *value;
    struct http_call_field *next;
};

static void run_handler(struct work *work)
{
    struct http_call *call = CONTAINER_OF(work, struct http_call, work);
    call->match.route->handle(http_server_get_options(call->server)->data, call);
    assert(call->response); /* a handler returned without a verb */
    http_server_resume(call->server, call->connection);
}

struct http_call *http_call_new(struct http_server *server, struct MHD_Connection *connection,
                                const char *method, struct str path)
{
    struct http_call *call = mem_new(struct http_call);
    atomic_init(&call->refs, 1);
    pthread_mutex_init(&call->mutex, NULL);
    list_init(&call->node);
    call->server = server;
    call->connection = connection;
    call->work.run = run_handler;
    call->method = arena_copy_text(&call->arena, str_of(method));
    call->path = arena_copy_str(&call->arena, path);
    call->size = -1;
    call->begun_ms = clock_monotonic_ms();
    buf_init(&call->body, http_server_get_options(server)->max_body_bytes);
    buf_init(&call->chunk, HTTP_MAX_CHUNK);
    return call;
}

struct http_call *http_call_ref(struct http_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

void http_call_unref(struct http_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&call->mutex);
    free(call);
}

static bool was_taken(const struct http_call *call)
{
    bool is_whole = call->size >= 0 ? call->given == call->size : call->is_over;
    return is_whole && !call->is_broken && !buf_str(&call->chunk).len;
}

static void finish(struct http_call *call)
{
    const struct http_server_options *options = http_server_get_options(call->server);
    if (options->ended)
        options->ended(options->data, call, (double)(clock_monotonic_ms() - call->begun_ms) / 1000);
    if (call->response)
        MHD_destroy_response(call->response);
    http_server_forget_body(call->server, call->body.len);
    buf_done(&call->chunk);
    buf_done(&call->body);
    arena_done(&call->arena);
    http_call_unref(call);
}

static void end_source(struct work *work)
{
    struct http_call *call = CONTAINER_OF(work, struct http_call, work);
    struct http_server *server = call->server;
    call->source->free(call->source_state, call->was_sent && was_taken(call));
    finish(call);
    http_server_let_go(server);
}

void http_call_end(struct http_call *call, bool was_sent)
{
    pthread_mutex_lock(&call->mutex);
    call->has_ended = true;
    pthread_mutex_unlock(&call->mutex);
    if (!call->source) {
        finish(call);
        return;
    }
    call->was_sent = was_sent;
    call->work.run = end_source; /* which may wait for a database: not in the connection's thread */
    http_server_push_end(call->server, call);
}

/* --- the request -------------------------------------------------------------------------------
 */

struct arena *http_arena(struct http_call *call)
{
    return &call->arena;
}

const char *http_method(const struct http_call *call)
{
    return call->method;
}

struct str http_path(const struct http_call *call)
{
    return call->path;
}

const char *http_route_path(const struct http_call *call)
{
    return call->match.route ? call->match.route->path : NULL;
}

struct str http_part(const struct http_call *call, const char *name)
{
    for (size_t i = 0; i < call->match.part_count; i++)
        if (str_equal(call->match.parts[i].name, str_of(name)))
            return call->match.parts[i].value;
    return (struct str){0};
}

bool http_query(struct http_call *call, const char *name, struct str *out)
{
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(call->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &len) != MHD_YES)
        return false;
    *out = (struct str){value, value ? len : 0};
    return true;
}

struct str http_field(struct http_call *call, const char *name)
{
    return str_of(MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name));
}

struct field_count {
    struct str name;
    size_t count;
};

static enum MHD_Result count_field(void *data, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct field_count *wanted = data;
    (void)kind;
    (void)value;
    wanted->count += str_equal_nocase(str_of(name), wanted->name);
    return MHD_YES;
}

size_t http_field_count(struct http_call *call, const char *name)
{
    struct field_count wanted = {str_of(name), 0};
    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, count_field, &wanted);
    return wanted.count;
}

struct str http_body(const struct http_call *call)
{
    return buf_str(&call->body);
}

struct str http_peer(struct http_call *call)
{
    char text[INET6_ADDRSTRLEN] = "";
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return (struct str){0};
    const void *address = info->client_addr;
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = address;
        (void)inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof text);
    } else {
        const struct sockaddr_in6 *ipv6 = address;
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
        (void)inet_ntop(is_mapped ? AF_INET : AF_INET6,
                        &ipv6->sin6_addr.s6_addr[is_mapped ? 12 : 0], text, sizeof text);
    }
    return arena_copy_str(&call->arena, str_of(text));
}

int http_status(const struct http_call *call)
{
    return call->status;
}

/* --- the answer --------------------------------------------------------------------------------
 */

bool http_call_has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

void http_add_field(struct http_call *call, const char *name, struct str value)
{
    if (http_call_has_control(value))
        return;
    struct http_call_field *field = arena_alloc(&call->arena, sizeof *field);
    *field = (struct http_call_field){name, arena_copy_text(&call->arena, value), call->fields};
    call->fields = field;
}

static void set_response(struct http_call *call, int status, const char *content_type,
                         struct MHD_Response *response)
{
    assert(response && !call->response && !call->status); /* one verb */
    if (content_type)
        (void)MHD_add_response_header(response, "Content-Type", content_type);
    for (const struct http_call_field *field = call->fields; field; field = field->next)
        (void)MHD_add_response_header(response, field->name, field->value);
    call->status = status;
    call->response = response;
}

void http_reply(struct http_call *call, int status, const char *content_type, struct str body)
{
    set_response(
        call, status, content_type,
        MHD_create_response_from_buffer(body.len, (void *)body.ptr, MHD_RESPMEM_MUST_COPY));
}

void http_set_size(struct http_call *call, int64_t size)
{
    call->size = size;
}

void http_stream(struct http_call *call, int status, const char *content_type,
                 const struct http_source *source, void *state)
{
    uint64_t size = call->size < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)call->size;
    call->source = source;
    call->source_state = state;
    set_response(call, status, content_type,
                 MHD_create_response_from_callback(size, STREAM_BLOCK_BYTES, http_call_read_stream,
                                                   call, NULL));
}

enum MHD_Result http_call_send(struct http_call *call)
{
    pthread_mutex_lock(&call->mutex);
    call->state = CALL_SENDING;
    pthread_mutex_unlock(&call->mutex);
    struct MHD_Response *response = call->response;
    call->response = NULL;
    enum MHD_Result result = MHD_queue_response(call->connection, (unsigned)call->status, response);
    MHD_destroy_response(response); /* the connection has its own reference */
    return result;
}
