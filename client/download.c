/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq_download of exportq.h: one token, as many transfers as it takes. Bytes already taken are
 * not asked for again; the SHA-256 runs over all transfers.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "client/exportq.h"
#include "client/handle.h"

#include <errno.h>
#include <unistd.h>

enum { TRIES = 5, PAUSE_MS = 200, PAUSE_MAX_MS = 30000, SLICE_MS = 200, RESUME_BYTES = 64 * 1024 };

struct download {
    const struct exportq_receiver *receiver;
    struct sha256 *hash;
    int64_t taken;
    int64_t size; /* -1: the header has not come */
    char sha256[SHA256_HEX_LEN + 1];
};

static bool take_header(struct download *download, const Exportqueue__V1__DownloadHeader *header,
                        struct err *err)
{
    if (!header->file || header->offset != download->taken)
        return err_set(err, ERR_INTERNAL, "the server began the transfer at another byte");
    if (download->size >= 0)
        return true;
    download->size = header->file->size;
    (void)snprintf(download->sha256, sizeof download->sha256, "%s", header->file->sha256);
    return download->receiver->begin(download->receiver->target, header->file, err);
}

static bool take_part(struct download *download, const Exportqueue__V1__DownloadResponse *part,
                      struct err *err)
{
    if (part->part_case == EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_HEADER)
        return take_header(download, part->header, err);
    if (part->part_case != EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_CHUNK || download->size < 0)
        return err_set(err, ERR_INTERNAL, "the server sent the parts of the file out of order");
    if ((int64_t)part->chunk.len > download->size - download->taken)
        return err_set(err, ERR_INTERNAL, "the server sent more than the file has");
    if (!download->receiver->take(download->receiver->target, part->chunk.data, part->chunk.len,
                                  err))
        return false;
    sha256_add(download->hash, part->chunk.data, part->chunk.len);
    download->taken += (int64_t)part->chunk.len;
    return true;
}

static bool is_wanted(const struct download *download, struct err *err)
{
    const struct exportq_receiver *receiver = download->receiver;
    if (!receiver->is_wanted || receiver->is_wanted(receiver->target))
        return true;
    return err_set(err, ERR_CANCELLED, "the download was stopped");
}

/* One part, or none in time; END and FAILED end the transfer. */
static enum rpc_stream_result step(struct rpc_stream *stream, struct download *download,
                                   struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    ProtobufCMessage *message = NULL;
    if (!is_wanted(download, err))
        return RPC_STREAM_FAILED;
    enum rpc_stream_result result = rpc_stream_next(stream, SLICE_MS, &arena, &message, err);
    if (result == RPC_STREAM_MESSAGE &&
        !take_part(download, (const Exportqueue__V1__DownloadResponse *)(void *)message, err))
        return RPC_STREAM_FAILED;
    return result;
}

/* One transfer, from where the one before stopped. */
static bool transfer(struct rpc_client *client, const char *token, struct download *download,
                     struct err *err)
{
    Exportqueue__V1__DownloadRequest request = EXPORTQUEUE__V1__DOWNLOAD_REQUEST__INIT;
    request.token = (char *)token;
    request.offset = download->taken;
    struct rpc_stream *stream = rpc_stream_open(
        client, &exportqueue__v1__export_service__descriptor, "Download", &request.base);
    enum rpc_stream_result result = RPC_STREAM_TIMEOUT;
    while (result == RPC_STREAM_MESSAGE || result == RPC_STREAM_TIMEOUT)
        result = step(stream, download, err);
    rpc_stream_close(stream);
    return result == RPC_STREAM_END;
}

static bool pause_for(const struct download *download, int64_t ms, struct err *err)
{
    struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
    int64_t end_ms = clock_monotonic_ms() + ms;
    while (clock_monotonic_ms() < end_ms) {
        if (!is_wanted(download, err))
            return false;
        (void)nanosleep(&slice, NULL);
    }
    return true;
}

/* Whether another transfer may get further; waits as long as the server asks for. A server that was
 * never there is not waited for. */
static bool may_resume(struct rpc_client *client, const struct download *download, int tries,
                       struct err *err)
{
    if (tries >= TRIES || (err->code != ERR_UNAVAILABLE && err->code != ERR_BUSY) ||
        !rpc_client_was_reached(client))
        return false;
    int64_t wait_ms = err->retry_after_ms ? err->retry_after_ms : (int64_t)PAUSE_MS << tries;
    return pause_for(download, wait_ms < PAUSE_MAX_MS ? wait_ms : PAUSE_MAX_MS, err);
}

/* As many transfers as it takes; only those in a row that bring nothing are counted. */
static bool fetch(struct rpc_client *client, const char *token, struct download *download,
                  struct err *err)
{
    int tries = 0;
    for (;;) {
        int64_t before = download->taken;
        if (transfer(client, token, download, err))
            return true;
        tries = download->taken > before ? 0 : tries;
        if (!may_resume(client, download, tries++, err))
            return false;
    }
}

/* Takes up what an earlier download left. */
static bool resume(struct download *download, struct err *err)
{
    uint8_t bytes[RESUME_BYTES];
    ssize_t len = 0;
    if (!download->receiver->begun_fd)
        return true;
    while ((len = pread(*download->receiver->begun_fd, bytes, sizeof bytes, download->taken)) > 0) {
        sha256_add(download->hash, bytes, (size_t)len);
        download->taken += len;
    }
    return len == 0 ||
           err_set(err, ERR_STORE_DENIED, "what an earlier download left cannot be read: %s",
                   strerrordesc_np(errno));
}

static bool check(struct download *download, struct err *err)
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_LEN + 1];
    sha256_finish(download->hash, digest);
    sha256_format(digest, hex);
    if (download->taken != download->size || strcmp(hex, download->sha256) != 0)
        return err_set(err, ERR_INTERNAL,
                       "the bytes that came are not those of the file (size or SHA-256 differ); "
                       "download it again");
    return true;
}

bool exportq_download(struct exportq *exportq, const char *token,
                      const struct exportq_receiver *receiver, struct err *err)
{
    struct download download = {.receiver = receiver, .hash = sha256_new(), .size = -1};
    bool is_ok = resume(&download, err) && fetch(exportq->client, token, &download, err) &&
                 check(&download, err);
    sha256_free(download.hash);
    return is_ok;
}
