/* SPDX-License-Identifier: Apache-2.0
 *
 * The least a gRPC server can do to stream bytes: bare BYTES CHUNK answers any call with so many
 * bytes in DownloadResponse messages, by gRPC's C core and nothing else: one call at a time, one
 * thread, one message that is sent again and again. Prints its address; serves until it is ended.
 */
#include "base/defs.h"

#include <assert.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>

struct bare {
    grpc_server *server;
    grpc_completion_queue *queue;
    grpc_slice message;
    long chunks;
};

/* A DownloadResponse with `len` zero bytes as its chunk. */
static grpc_slice make_message(size_t len)
{
    enum { TAG_OF_CHUNK = 0x12, VARINT_MAX = 10, SEVEN_BITS = 0x7f, MORE = 0x80 };
    uint8_t head[1 + VARINT_MAX] = {TAG_OF_CHUNK};
    size_t head_len = 1;
    for (size_t rest = len; rest || head_len == 1; rest >>= 7)
        head[head_len++] = (uint8_t)((rest & SEVEN_BITS) | (rest > SEVEN_BITS ? MORE : 0));
    grpc_slice slice = grpc_slice_malloc(head_len + len);
    memcpy(GRPC_SLICE_START_PTR(slice), head, head_len);
    memset(GRPC_SLICE_START_PTR(slice) + head_len, 0, len);
    return slice;
}

/* Whether it went well: a client that has gone ends its call. */
static bool run(const struct bare *bare, grpc_call *call, const grpc_op *ops, size_t count)
{
    grpc_call_error error = grpc_call_start_batch(call, ops, count, call, NULL);
    assert(error == GRPC_CALL_OK);
    grpc_event event =
        grpc_completion_queue_next(bare->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    return event.success != 0;
}

/* The core empties a buffer that it sends: each message has its own, over the same bytes. */
static bool send_message(const struct bare *bare, grpc_call *call)
{
    grpc_slice slice = bare->message;
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
    op.data.send_message.send_message = grpc_raw_byte_buffer_create(&slice, 1);
    bool is_ok = run(bare, call, &op, 1);
    grpc_byte_buffer_destroy(op.data.send_message.send_message);
    return is_ok;
}

static void answer(const struct bare *bare, grpc_call *call)
{
    grpc_op begin = {.op = GRPC_OP_SEND_INITIAL_METADATA};
    bool is_ok = run(bare, call, &begin, 1);
    for (long i = 0; is_ok && i < bare->chunks; i++)
        is_ok = send_message(bare, call);
    int is_cancelled = 0;
    grpc_op end[2] = {{.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
                      {.op = GRPC_OP_RECV_CLOSE_ON_SERVER}};
    end[0].data.send_status_from_server.status = GRPC_STATUS_OK;
    end[1].data.recv_close_on_server.cancelled = &is_cancelled;
    (void)run(bare, call, end, COUNT_OF(end));
}

static void serve(const struct bare *bare)
{
    for (;;) {
        grpc_call *call = NULL;
        grpc_call_details details;
        grpc_metadata_array metadata;
        grpc_call_details_init(&details);
        grpc_metadata_array_init(&metadata);
        grpc_call_error error = grpc_server_request_call(bare->server, &call, &details, &metadata,
                                                         bare->queue, bare->queue, NULL);
        assert(error == GRPC_CALL_OK);
        (void)grpc_completion_queue_next(bare->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (call) {
            answer(bare, call);
            grpc_call_unref(call);
        }
        grpc_metadata_array_destroy(&metadata);
        grpc_call_details_destroy(&details);
    }
}

int main(int argc, char **argv)
{
    enum { NAME, BYTES, CHUNK, ARGUMENTS };
    long bytes = argc == ARGUMENTS ? strtol(argv[BYTES], NULL, 10) : 0;
    long chunk = argc == ARGUMENTS ? strtol(argv[CHUNK], NULL, 10) : 0;
    if (bytes < 1 || chunk < 1) {
        (void)fprintf(stderr, "usage: %s BYTES CHUNK\n", argv[NAME]);
        return 2;
    }
    grpc_init();
    struct bare bare = {
        .server = grpc_server_create(NULL, NULL),
        .queue = grpc_completion_queue_create_for_next(NULL),
        .message = make_message((size_t)chunk),
        .chunks = (bytes + chunk - 1) / chunk,
    };
    grpc_server_register_completion_queue(bare.server, bare.queue, NULL);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(bare.server, "127.0.0.1:0", credentials);
    grpc_server_credentials_release(credentials);
    grpc_server_start(bare.server);
    (void)printf("127.0.0.1:%d\n", port);
    (void)fflush(stdout);
    serve(&bare);
}
