/* SPDX-License-Identifier: Apache-2.0
 *
 * See client.h. A stream has three batches: what is sent (with the headers that come back), one
 * message received, and the status. Each has a tag of its own, so that waiting for one leaves the
 * others alone.
 */
#include "rpc/client.h"

#include "base/mem.h"
#include "rpc/codec.h"
#include "rpc/core.h"
#include "rpc/status.h"

#include <assert.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

enum {
    TIMEOUT_MS = 30000,
    MAX_MESSAGE_BYTES = 16 * 1024 * 1024,
    KEEPALIVE_MS = 30000, /* a stream that waits must notice that its server has vanished */
    KEEPALIVE_TIMEOUT_MS = 20000,
};

struct rpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue; /* for pluck: nobody else looks at it */
    char *target;
    int64_t timeout_ms;
    size_t max_message_bytes;
    bool is_tls;
    bool is_reached;
    enum rpc_obstacle obstacle;
    size_t metadata_count;
    grpc_metadata metadata[RPC_CLIENT_MAX_METADATA];
};

/* A batch that was started, and whether its event has come. Its address is the tag. */
struct batch {
    bool is_pending;
    bool is_ok;
};

struct rpc_stream {
    struct rpc_client *client;
    const ProtobufCMessageDescriptor *output;
    grpc_call *call;
    struct batch sent;
    struct batch received;
    struct batch ended;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    grpc_metadata_array headers;
    grpc_metadata_array trailers;
    grpc_status_code status;
    grpc_slice text;
    const char *story; /* gRPC's own account of a status that is not OK; NULL: none */
};

/* ---- The client ---- */

static grpc_channel *open_channel(const struct rpc_client_options *options)
{
    size_t max = options->max_message_bytes ? options->max_message_bytes : MAX_MESSAGE_BYTES;
    grpc_arg items[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = (int)max},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_ENABLE_HTTP_PROXY, .value.integer = 0},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_KEEPALIVE_TIME_MS,
         .value.integer = KEEPALIVE_MS},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
         .value.integer = KEEPALIVE_TIMEOUT_MS},
    };
    const grpc_channel_args args = {COUNT_OF(items), items};
    grpc_ssl_pem_key_cert_pair own = {options->key_pem, options->certificate_pem};
    grpc_channel_credentials *credentials =
        options->is_tls ? grpc_ssl_credentials_create(options->ca_pem,
                                                      options->key_pem ? &own : NULL, NULL, NULL)
                        : grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(options->target, credentials, &args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

/* gRPC takes no call with such metadata, and then it is too late to say why. The value may be a
 * secret: it is not told. */
static bool check_metadata(const struct rpc_metadata *metadata, struct err *err)
{
    grpc_slice key = grpc_slice_from_static_string(metadata->key);
    grpc_slice value = grpc_slice_from_static_string(metadata->value);
    if (!grpc_header_key_is_legal(key))
        return err_set(err, ERR_INVALID, "\"%s\" is no name for metadata", metadata->key);
    if (!grpc_header_nonbin_value_is_legal(value))
        return err_set(err, ERR_INVALID, "%s has characters other than visible ASCII",
                       metadata->key);
    return true;
}

static bool check_tls(const struct rpc_client_options *options, struct err *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    if (!options->is_tls && (options->ca_pem || options->certificate_pem || options->key_pem))
        return err_set(err, ERR_INVALID, "certificates are of no use without TLS");
    if (options->ca_pem && !strstr(options->ca_pem, begin))
        return err_set(err, ERR_INVALID, "among the authorities for TLS is no PEM certificate");
    if (!options->certificate_pem != !options->key_pem)
        return err_set(err, ERR_INVALID, "a certificate to show needs its key, and the other way");
    if (options->certificate_pem && !strstr(options->certificate_pem, begin))
        return err_set(err, ERR_INVALID, "what is to be shown is no PEM certificate");
    if (options->key_pem && !strstr(options->key_pem, "PRIVATE KEY-----"))
        return err_set(err, ERR_INVALID, "the certificate's key is no PEM key");
    return true;
}

static bool check_options(const struct rpc_client_options *options, struct err *err)
{
    if (!options->target[0])
        return err_set(err, ERR_INVALID, "the server's address is empty; it takes HOST:PORT");
    if (!check_tls(options, err))
        return false;
    if (options->metadata_count > RPC_CLIENT_MAX_METADATA)
        return err_set(err, ERR_INVALID, "%zu metadata pairs; at most %d are sent",
                       options->metadata_count, RPC_CLIENT_MAX_METADATA);
    for (size_t i = 0; i < options->metadata_count; i++)
        if (!check_metadata(&options->metadata[i], err))
            return false;
    return true;
}

bool rpc_client_new(const struct rpc_client_options *options, struct rpc_client **out,
                    struct err *err)
{
    if (!check_options(options, err))
        return false;
    struct rpc_client *client = mem_new(struct rpc_client);
    core_start();
    client->channel = open_channel(options);
    client->queue = grpc_completion_queue_create_for_pluck(NULL);
    client->target = mem_dup(options->target);
    client->is_tls = options->is_tls;
    client->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    client->max_message_bytes =
        options->max_message_bytes ? options->max_message_bytes : MAX_MESSAGE_BYTES;
    client->metadata_count = options->metadata_count;
    for (size_t i = 0; i < options->metadata_count; i++) {
        client->metadata[i].key = grpc_slice_from_copied_string(options->metadata[i].key);
        client->metadata[i].value = grpc_slice_from_copied_string(options->metadata[i].value);
    }
    *out = client;
    return true;
}

void rpc_client_free(struct rpc_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->metadata_count; i++) {
        grpc_slice_unref(client->metadata[i].key);
        grpc_slice_unref(client->metadata[i].value);
    }
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    grpc_completion_queue_destroy(client->queue);
    free(client->target);
    free(client);
    core_stop();
}

/* A call that was sent has a hold on its slices. */
void rpc_client_set_metadata(struct rpc_client *client, size_t at, const char *value)
{
    assert(at < client->metadata_count);
    grpc_slice_unref(client->metadata[at].value);
    client->metadata[at].value = grpc_slice_from_copied_string(value);
}

bool rpc_client_was_reached(const struct rpc_client *client)
{
    return client->is_reached;
}

enum rpc_obstacle rpc_client_obstacle(const struct rpc_client *client)
{
    return client->obstacle;
}

/* ---- Batches ---- */

static void start(struct rpc_stream *stream, const grpc_op *ops, size_t count, struct batch *batch)
{
    batch->is_pending = true;
    grpc_call_error error = grpc_call_start_batch(stream->call, ops, count, batch, NULL);
    assert(error == GRPC_CALL_OK); /* anything else is our own fault */
}

static gpr_timespec in_ms(int64_t ms)
{
    if (ms < 0)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

/* False if the time came first. */
static bool wait_for(struct rpc_stream *stream, struct batch *batch, int64_t timeout_ms)
{
    if (!batch->is_pending)
        return true;
    grpc_event event =
        grpc_completion_queue_pluck(stream->client->queue, batch, in_ms(timeout_ms), NULL);
    if (event.type != GRPC_OP_COMPLETE)
        return false;
    batch->is_pending = false;
    batch->is_ok = event.success != 0;
    return true;
}

static void send_request(struct rpc_stream *stream)
{
    const struct rpc_client *client = stream->client;
    grpc_op ops[4] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA},
    };
    ops[0].data.send_initial_metadata.count = client->metadata_count;
    ops[0].data.send_initial_metadata.metadata = (grpc_metadata *)client->metadata;
    ops[1].data.send_message.send_message = stream->request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &stream->headers;
    start(stream, ops, COUNT_OF(ops), &stream->sent);
}

static void await_status(struct rpc_stream *stream)
{
    grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    op.data.recv_status_on_client.trailing_metadata = &stream->trailers;
    op.data.recv_status_on_client.status = &stream->status;
    op.data.recv_status_on_client.status_details = &stream->text;
    op.data.recv_status_on_client.error_string = &stream->story;
    start(stream, &op, 1, &stream->ended);
}

/* ---- Streams ---- */

static struct rpc_stream *open_call(struct rpc_client *client,
                                    const ProtobufCServiceDescriptor *service, const char *method,
                                    const ProtobufCMessage *request, int64_t timeout_ms)
{
    const ProtobufCMethodDescriptor *descriptor =
        protobuf_c_service_descriptor_get_method_by_name(service, method);
    assert(descriptor && request->descriptor == descriptor->input);
    struct rpc_stream *stream = mem_new(struct rpc_stream);
    stream->client = client;
    stream->output = descriptor->output;
    stream->request = codec_write(request);
    stream->text = grpc_empty_slice();
    grpc_metadata_array_init(&stream->headers);
    grpc_metadata_array_init(&stream->trailers);
    struct arena arena CLEANUP(arena_done) = {0};
    struct str path = arena_printf(&arena, "/%s/%s", service->name, method);
    grpc_slice path_slice = grpc_slice_from_copied_buffer(path.ptr, path.len);
    stream->call =
        grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
                                 path_slice, NULL, in_ms(timeout_ms), NULL);
    grpc_slice_unref(path_slice);
    send_request(stream);
    await_status(stream);
    return stream;
}

struct rpc_stream *rpc_stream_open(struct rpc_client *client,
                                   const ProtobufCServiceDescriptor *service, const char *method,
                                   const ProtobufCMessage *request)
{
    return open_call(client, service, method, request, -1);
}

static struct str slice_text(const grpc_slice *slice)
{
    return (struct str){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static struct str find_details(const struct rpc_stream *stream)
{
    for (size_t i = 0; i < stream->trailers.count; i++)
        if (str_equal(slice_text(&stream->trailers.metadata[i].key), STR(RPC_DETAILS_KEY)))
            return slice_text(&stream->trailers.metadata[i].value);
    return (struct str){0};
}

/* gRPC's words for a connection that broke while the server answered. */
static const char *const breakages[] = {
    "Socket closed",
    "Connection reset by peer",
    "Broken pipe",
    "keepalive watchdog timeout",
};

static bool is_breakage(const struct rpc_stream *stream)
{
    for (size_t i = 0; i < COUNT_OF(breakages); i++)
        if (stream->status == GRPC_STATUS_UNAVAILABLE && strstr(stream->story, breakages[i]))
            return true;
    return false;
}

/* gRPC makes statuses too, such as UNAVAILABLE when nobody listens; only its story tells whose a
 * status is, and takes a connection that broke for the server's word. */
static bool is_from_server(const struct rpc_stream *stream)
{
    return stream->story && strstr(stream->story, "Error received from peer") &&
           !is_breakage(stream);
}

/* Before there is a connection, the peer is what was asked for. */
static bool was_connected(const struct rpc_stream *stream)
{
    char *peer = grpc_call_get_peer(stream->call);
    bool is_other = strcmp(peer, stream->client->target) != 0;
    gpr_free(peer);
    return is_other;
}

/* gRPC tells causes from the outside in, "a: b: c", and may leave the last empty; people need the
 * last that says something. */
static struct str last_cause(struct str text)
{
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == ':'))
        text.len--;
    for (size_t i = text.len; i >= 2; i--)
        if (text.ptr[i - 2] == ':' && text.ptr[i - 1] == ' ')
            return (struct str){text.ptr + i, text.len - i};
    return text;
}

static void tell_unreached(struct rpc_client *client, struct str text, struct err *err)
{
    client->obstacle = obstacle_find(text, client->is_tls);
    const char *words = obstacle_words(client->obstacle);
    struct str cause = words ? str_of(words) : last_cause(text);
    (void)err_set(err, ERR_UNAVAILABLE, "could not reach %s: %.*s", client->target, STR_ARG(cause));
}

static void tell_failure(const struct rpc_stream *stream, struct err *err)
{
    struct str text = slice_text(&stream->text);
    const char *target = stream->client->target;
    rpc_status_unpack((int)stream->status, text, find_details(stream), err);
    if (is_from_server(stream))
        return;
    if (stream->status == GRPC_STATUS_DEADLINE_EXCEEDED)
        (void)err_set(err, ERR_DEADLINE, "%s did not answer in time", target);
    else if (stream->status == GRPC_STATUS_UNAVAILABLE && was_connected(stream))
        (void)err_set(err, ERR_UNAVAILABLE, "the connection to %s broke: %.*s", target,
                      STR_ARG(last_cause(text)));
    else if (stream->status == GRPC_STATUS_UNAVAILABLE)
        tell_unreached(stream->client, text, err);
}

static enum rpc_stream_result read_status(struct rpc_stream *stream, struct err *err)
{
    (void)wait_for(stream, &stream->ended, -1); /* always comes */
    bool is_answer = stream->status == GRPC_STATUS_OK || is_from_server(stream);
    stream->client->is_reached |= is_answer || was_connected(stream);
    if (stream->status == GRPC_STATUS_OK)
        return RPC_STREAM_END;
    tell_failure(stream, err);
    return RPC_STREAM_FAILED;
}

enum rpc_stream_result rpc_stream_next(struct rpc_stream *stream, int64_t timeout_ms,
                                       struct arena *arena, ProtobufCMessage **out, struct err *err)
{
    if (!stream->received.is_pending) {
        grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
        op.data.recv_message.recv_message = &stream->response;
        start(stream, &op, 1, &stream->received);
    }
    if (!wait_for(stream, &stream->received, timeout_ms))
        return RPC_STREAM_TIMEOUT;
    grpc_byte_buffer *bytes = stream->response;
    stream->response = NULL;
    if (!bytes)
        return read_status(stream, err);
    struct err reason = {0};
    bool is_ok = codec_read(bytes, stream->output, arena, stream->client->max_message_bytes * 2,
                            out, &reason);
    grpc_byte_buffer_destroy(bytes);
    if (is_ok)
        return RPC_STREAM_MESSAGE;
    (void)err_set(err, ERR_INTERNAL, "the server's answer cannot be read: %s", reason.text);
    return RPC_STREAM_FAILED;
}

void rpc_stream_close(struct rpc_stream *stream)
{
    if (!stream)
        return;
    if (stream->ended.is_pending)
        (void)grpc_call_cancel(stream->call, NULL);
    (void)wait_for(stream, &stream->sent, -1);
    (void)wait_for(stream, &stream->received, -1);
    (void)wait_for(stream, &stream->ended, -1);
    grpc_byte_buffer_destroy(stream->request);
    if (stream->response)
        grpc_byte_buffer_destroy(stream->response);
    grpc_metadata_array_destroy(&stream->headers);
    grpc_metadata_array_destroy(&stream->trailers);
    grpc_slice_unref(stream->text);
    gpr_free((void *)stream->story);
    grpc_call_unref(stream->call);
    free(stream);
}

bool rpc_client_call(struct rpc_client *client, const ProtobufCServiceDescriptor *service,
                     const char *method, const ProtobufCMessage *request, struct arena *arena,
                     ProtobufCMessage **out, struct err *err)
{
    struct rpc_stream *stream = open_call(client, service, method, request, client->timeout_ms);
    ProtobufCMessage *response = NULL;
    ProtobufCMessage *more = NULL;
    enum rpc_stream_result result = rpc_stream_next(stream, -1, arena, &response, err);
    bool has_response = result == RPC_STREAM_MESSAGE;
    if (has_response)
        result = rpc_stream_next(stream, -1, arena, &more, err);
    rpc_stream_close(stream);
    if (result == RPC_STREAM_FAILED)
        return false;
    if (!has_response || result != RPC_STREAM_END)
        return err_set(err, ERR_INTERNAL, "the server did not answer %s with one message", method);
    *out = response;
    return true;
}
