/* SPDX-License-Identifier: Apache-2.0
 *
 * See load.h.
 */
#include "exportqueue/v1/export.pb-c.h"
#include "tools/load/load.h"

static int64_t read_all(struct rpc_stream *stream)
{
    int64_t bytes = 0;
    for (;;) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena);
        ProtobufCMessage *message;
        struct err err = {0};
        switch (rpc_stream_next(stream, -1, &arena, &message, &err)) {
        case RPC_STREAM_MESSAGE: {
            const Exportqueue__V1__DownloadResponse *response =
                (const Exportqueue__V1__DownloadResponse *)message;
            if (response->part_case == EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_CHUNK)
                bytes += (int64_t)response->chunk.len;
            break;
        }
        case RPC_STREAM_END:
            return bytes;
        case RPC_STREAM_TIMEOUT:
        case RPC_STREAM_FAILED:
            load_give_up("the download broke", &err);
        }
    }
}

void drain_run(const struct load *load, const char *token)
{
    struct load_share share = {.load = load};
    struct rpc_client *client = load_connect(&share, "load");
    Exportqueue__V1__DownloadRequest request = EXPORTQUEUE__V1__DOWNLOAD_REQUEST__INIT;
    request.token = (char *)token;
    int64_t began_us = tally_now_us();
    struct rpc_stream *stream = rpc_stream_open(
        client, &exportqueue__v1__export_service__descriptor, "Download", &request.base);
    int64_t bytes = read_all(stream);
    int64_t took_us = tally_now_us() - began_us;
    (void)printf("{\"bytes\": %lld, \"seconds\": %.6f}\n", (long long)bytes, (double)took_us / 1e6);
    rpc_stream_close(stream);
    rpc_client_free(client);
}
