/* SPDX-License-Identifier: Apache-2.0
 *
 * See probe_client.h. One completion queue for all calls of a client; waiting for one operation
 * takes the events of the others too.
 */
#include "tests/rpc/support/probe_client.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>

enum { PATIENCE_S = 10, MAX_OPS = 6 };

struct probe_client {
    grpc_channel *channel;
    grpc_completion_queue *queue;
};

int64_t probe_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Takes the credentials. */
static struct probe_client *client_new(int port, grpc_channel_credentials *credentials)
{
    struct probe_client *client = mem_new(struct probe_client);
    char *target = NULL;
    assert_true(asprintf(&target, "127.0.0.1:%d", port) > 0);
    grpc_arg items[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, /* a connection of its own */
         .value.integer = 1},
        {.type = GRPC_ARG_STRING,
         .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
         .value.string = (char *)"localhost"},
    };
    const grpc_channel_args args = {COUNT_OF(items), items};
    client->channel = grpc_channel_create(target, credentials, &args);
    grpc_channel_credentials_release(credentials);
    client->queue = grpc_completion_queue_create_for_next(NULL);
    free(target);
    return client;
}

struct probe_client *probe_client_new(int port)
{
    grpc_init();
    return client_new(port, grpc_insecure_credentials_create());
}

struct probe_client *probe_client_new_tls(int port, const char *ca_pem, const char *certificate_pem,
                                          const char *key_pem)
{
    grpc_ssl_pem_key_cert_pair own = {key_pem, certificate_pem};
    grpc_init();
    return client_new(port, grpc_ssl_credentials_create(ca_pem, key_pem ? &own : NULL, NULL, NULL));
}

void probe_client_free(struct probe_client *client)
{
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    while (
        grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
        GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(client->queue);
    grpc_shutdown();
    free(client);
}

void probe_client_wait(struct probe_client *client, const struct probe_op *op)
{
    gpr_timespec until =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(PATIENCE_S, GPR_TIMESPAN));
    while (!op->is_done) {
        grpc_event told = grpc_completion_queue_next(client->queue, until, NULL);
        if (told.type != GRPC_OP_COMPLETE)
            fail_msg("a call's event did not come within %d seconds", PATIENCE_S);
        struct probe_op *done = told.tag;
        done->is_done = true;
        done->is_ok = told.success != 0;
        done->done_us = probe_now_us();
    }
}

struct str probe_pack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = mem_alloc(size);
    protobuf_c_message_pack(message, bytes);
    return (struct str){(const char *)bytes, size};
}

static grpc_byte_buffer *to_buffer(struct str bytes)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(bytes.len ? bytes.ptr : "", bytes.len);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

static void start(struct probe_call *call, const grpc_op *ops, size_t count, struct probe_op *op)
{
    *op = (struct probe_op){0};
    assert_int_equal(grpc_call_start_batch(call->core, ops, count, op, NULL), GRPC_CALL_OK);
}

static void begin_receiving(struct probe_call *call)
{
    grpc_op headers = {.op = GRPC_OP_RECV_INITIAL_METADATA};
    headers.data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    start(call, &headers, 1, &call->started);
    grpc_op status = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    status.data.recv_status_on_client.trailing_metadata = &call->trailers;
    status.data.recv_status_on_client.status = &call->status;
    status.data.recv_status_on_client.status_details = &call->text;
    start(call, &status, 1, &call->ended);
}

void probe_call_begin(struct probe_client *client, struct probe_call *call, const char *method,
                      struct str bytes, const struct probe_call_options *options)
{
    static const struct probe_call_options plain;
    if (!options)
        options = &plain;
    *call = (struct probe_call){.client = client};
    gpr_timespec deadline =
        options->timeout_ms ? gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                           gpr_time_from_millis(options->timeout_ms, GPR_TIMESPAN))
                            : gpr_inf_future(GPR_CLOCK_MONOTONIC);
    grpc_slice path = grpc_slice_from_copied_string(method);
    call->core = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                          client->queue, path, NULL, deadline, NULL);
    grpc_slice_unref(path);
    grpc_metadata token = {.key = grpc_slice_from_static_string("authorization")};
    grpc_op ops[MAX_OPS] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    ops[0].flags = options->fails_fast ? 0 : GRPC_INITIAL_METADATA_WAIT_FOR_READY;
    size_t count = 1;
    if (options->token) {
        token.value = grpc_slice_from_copied_string(options->token);
        ops[0].data.send_initial_metadata.count = 1;
        ops[0].data.send_initial_metadata.metadata = &token;
    }
    if (!options->has_no_body) {
        call->sending = to_buffer(bytes);
        ops[count++] =
            (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->sending};
    }
    if (!options->stays_open)
        ops[count++] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
    begin_receiving(call);
    start(call, ops, count, &call->sent);
    if (options->token)
        grpc_slice_unref(token.value);
}

static void finish_sending(struct probe_call *call)
{
    probe_client_wait(call->client, &call->sent);
    grpc_byte_buffer_destroy(call->sending);
    call->sending = NULL;
}

void probe_call_send(struct probe_call *call, struct str bytes)
{
    finish_sending(call);
    call->sending = to_buffer(bytes);
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->sending};
    start(call, &op, 1, &call->sent);
    probe_client_wait(call->client, &call->sent);
}

void probe_call_close(struct probe_call *call)
{
    finish_sending(call);
    grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
    start(call, &op, 1, &call->sent);
}

static bool is_asking(const struct probe_call *call)
{
    return call->read.done_us == -1;
}

void probe_call_ask(struct probe_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->incoming};
    start(call, &op, 1, &call->read);
    call->read.done_us = -1;
}

static grpc_byte_buffer *take_message(struct probe_call *call)
{
    if (!is_asking(call) && !call->read.is_done)
        probe_call_ask(call);
    probe_client_wait(call->client, &call->read);
    call->read.is_done = false;
    grpc_byte_buffer *taken = call->read.is_ok ? call->incoming : NULL;
    call->incoming = NULL;
    return taken;
}

bool probe_call_skip(struct probe_call *call)
{
    grpc_byte_buffer *taken = take_message(call);
    grpc_byte_buffer_destroy(taken);
    return taken != NULL;
}

void *probe_call_read(struct probe_call *call, const ProtobufCMessageDescriptor *type)
{
    grpc_byte_buffer *taken = take_message(call);
    if (!taken)
        return NULL;
    grpc_byte_buffer_reader reader;
    assert_true(grpc_byte_buffer_reader_init(&reader, taken));
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, GRPC_SLICE_LENGTH(slice),
                                                          GRPC_SLICE_START_PTR(slice));
    assert_non_null(message);
    grpc_slice_unref(slice);
    grpc_byte_buffer_destroy(taken);
    return message;
}

void probe_call_cancel(struct probe_call *call)
{
    assert_int_equal(grpc_call_cancel(call->core, NULL), GRPC_CALL_OK);
}

grpc_status_code probe_call_end(struct probe_call *call)
{
    while (probe_call_skip(call))
        ;
    probe_client_wait(call->client, &call->ended);
    probe_client_wait(call->client, &call->started);
    finish_sending(call);
    return call->status;
}

struct str probe_call_text(const struct probe_call *call)
{
    return (struct str){(const char *)GRPC_SLICE_START_PTR(call->text),
                        GRPC_SLICE_LENGTH(call->text)};
}

struct str probe_call_details(const struct probe_call *call)
{
    for (size_t i = 0; i < call->trailers.count; i++) {
        const grpc_metadata *trailer = &call->trailers.metadata[i];
        if (grpc_slice_str_cmp(trailer->key, "grpc-status-details-bin") == 0) {
            return (struct str){(const char *)GRPC_SLICE_START_PTR(trailer->value),
                                GRPC_SLICE_LENGTH(trailer->value)};
        }
    }
    return (struct str){0};
}

void probe_call_free(struct probe_call *call)
{
    grpc_slice_unref(call->text);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_call_unref(call->core);
}

grpc_status_code probe_client_call(struct probe_client *client, const char *method,
                                   const ProtobufCMessage *request,
                                   const ProtobufCMessageDescriptor *type, void *out)
{
    struct probe_call call;
    struct str bytes = probe_pack(request);
    probe_call_begin(client, &call, method, bytes, NULL);
    free((char *)bytes.ptr);
    if (out)
        *(void **)out = probe_call_read(&call, type);
    grpc_status_code status = probe_call_end(&call);
    probe_call_free(&call);
    return status;
}
