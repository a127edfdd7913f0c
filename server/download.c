/* SPDX-License-Identifier: Apache-2.0
 *
 * See download.h. A turn means that flow control took the chunk of the turn before: only then it
 * counts as handed over.
 */
#include "server/download.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/auth.h"
#include "server/convert.h"
#include "server/failure.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    RENEW_MS = 5000,
    LEASE_HOLDS_MS = 20000, /* without a renewal; the store gives it 30 s */
};

struct download {
    struct exports *exports;
    struct caller caller; /* its texts in the call's arena, as the job's */
    struct file_reader *reader;
    struct job job; /* texts in the call's arena */
    int64_t lease;
    struct limits_place place;
    struct transfer transfer;
    int64_t renewed_ms; /* monotonic: the lease */
    int64_t tried_ms;   /* monotonic: to renew it */
    bool is_closed;     /* the lease was given back */
    uint8_t chunk[CHUNK_BYTES];
};

static bool give_lease_back(struct download *download, struct err *err)
{
    download->is_closed = true;
    return store_download_close(download->exports->store, download->job.id, download->lease,
                                &download->transfer, err);
}

static void download_free(void *state)
{
    struct download *download = state;
    struct err err = {0};
    /* If the store cannot be told, the lease runs out by itself. */
    bool is_told = download->is_closed || give_lease_back(download, &err);
    char id[UUID_TEXT_LEN + 1];
    uuid_format(download->job.id, id);
    log_event(LOG_INFO, "download.ended", "job=%s from=%lld to=%lld size=%lld told=%d", id,
              (long long)download->transfer.from, (long long)download->transfer.taken,
              (long long)download->job.file.size, is_told ? 1 : 0);
    file_reader_close(download->reader);
    limits_give_back(&download->place);
    free(download);
}

/* Keeps an open download for the turns to come. */
static void begin(struct exports *exports, const struct exports_download *open,
                  const struct caller *caller, int64_t offset, struct rpc_call *call)
{
    struct download *download = mem_new(struct download);
    download->exports = exports;
    download->caller = *caller;
    download->reader = open->reader;
    download->job = open->job;
    download->lease = open->lease;
    download->place = open->place;
    download->transfer = (struct transfer){.from = offset, .taken = offset - 1, .sent = offset};
    download->renewed_ms = clock_monotonic_ms();
    download->tried_ms = download->renewed_ms;
    rpc_call_set_state(call, download, download_free);
}

static void send_header(const struct download *download, struct rpc_call *call)
{
    Exportqueue__V1__DownloadHeader header = EXPORTQUEUE__V1__DOWNLOAD_HEADER__INIT;
    Exportqueue__V1__DownloadResponse response = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__INIT;
    header.file = convert_file(&download->job, rpc_turn_arena(call));
    header.offset = download->transfer.from;
    response.part_case = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_HEADER;
    response.header = &header;
    rpc_reply(call, &response.base);
}

static bool renew(struct download *download, struct err *err)
{
    int64_t now = clock_monotonic_ms();
    if (now - download->tried_ms < RENEW_MS)
        return true;
    download->tried_ms = now;
    if (store_download_renew(download->exports->store, download->job.id, download->lease,
                             &download->transfer, err))
        download->renewed_ms = now;
    else if (err->code != ERR_UNAVAILABLE || now - download->renewed_ms > LEASE_HOLDS_MS)
        return false;
    return true; /* a store that does not answer for a moment does not cut what flows */
}

static bool send_chunk(struct download *download, struct rpc_call *call, struct err *err)
{
    size_t len = 0;
    if (!file_reader_read(download->reader, download->transfer.sent, download->chunk, CHUNK_BYTES,
                          &len, err))
        return false;
    if (len == 0)
        return err_set(err, ERR_STORE_UNAVAILABLE,
                       "the stored file is shorter than it was when it was finished; create the "
                       "export again");
    download->transfer.sent += (int64_t)len;
    Exportqueue__V1__DownloadResponse response = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__INIT;
    response.part_case = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_CHUNK;
    response.chunk = (ProtobufCBinaryData){.data = download->chunk, .len = len};
    rpc_reply(call, &response.base);
    return true;
}

static bool send_next(struct download *download, struct rpc_call *call, struct err *err)
{
    download->transfer.taken = download->transfer.sent;
    if (download->transfer.taken < download->job.file.size)
        return renew(download, err) && send_chunk(download, call, err);
    if (!give_lease_back(download, err))
        return false;
    rpc_end(call);
    return true;
}

/* Ends the call, and names the job in the log if it is known which. */
static void refuse(struct exports *exports, struct rpc_call *call, const struct caller *caller,
                   struct uuid job, const struct err *err)
{
    char id[UUID_TEXT_LEN + 1] = "";
    if (!uuid_equal(job, (struct uuid){{0}}))
        uuid_format(job, id);
    failure_end(exports, call, caller, str_of(id), err);
}

/* The first turn: whoever has the token, and nobody else who says who it is. */
static void open_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                      struct rpc_call *call)
{
    struct exports_download open = {0};
    struct caller caller = {0};
    struct err err = {0};
    if (!exports_require_enabled(exports, &err) ||
        !auth_anyone(exports->identity, call, &caller, &err) ||
        !exports_open_download(exports, &caller, str_of(request->token), request->offset,
                               rpc_call_arena(call), &open, &err)) {
        refuse(exports, call, &caller, open.job.id, &err);
        return;
    }
    begin(exports, &open, &caller, request->offset, call);
    send_header(rpc_call_state(call), call);
}

static void next_turn(struct download *download, struct rpc_call *call)
{
    struct err err = {0};
    if (!send_next(download, call, &err))
        refuse(download->exports, call, &download->caller, download->job.id, &err);
}

void download_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                   struct rpc_call *call)
{
    struct download *download = rpc_call_state(call);
    if (download)
        next_turn(download, call);
    else
        open_turn(exports, request, call);
}
