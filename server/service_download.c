/* SPDX-License-Identifier: Apache-2.0
 *
 * See service_download.h. A turn means that flow control took the chunk of the turn before: only
 * then it counts as handed over.
 */
#include "server/service_download.h"

#include "base/mem.h"
#include "server/auth.h"
#include "server/convert.h"
#include "server/failure.h"
#include "server/handover.h"

enum { CHUNK_BYTES = 64 * 1024 };

struct download {
    struct handover *handover;
    struct caller caller; /* its texts in the call's arena */
    uint8_t chunk[CHUNK_BYTES];
};

static void download_free(void *state)
{
    struct download *download = state;
    handover_end(download->handover, false); /* the last turn has said what was taken */
    free(download);
}

static void send_header(const struct download *download, struct rpc_call *call)
{
    Exportqueue__V1__DownloadHeader header = EXPORTQUEUE__V1__DOWNLOAD_HEADER__INIT;
    Exportqueue__V1__DownloadResponse response = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__INIT;
    header.file = convert_file(handover_job(download->handover), rpc_turn_arena(call));
    header.offset = handover_offset(download->handover);
    response.part_case = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_HEADER;
    response.header = &header;
    rpc_reply(call, &response.base);
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

/* Form comes before what the token says. */
static bool check_offset(int64_t offset, struct err *err)
{
    return offset >= 0 ||
           err_set_field(err, "offset", "the offset is %lld; give 0 or more", (long long)offset);
}

/* The first turn: whoever has the token, and nobody else who says who it is. */
static void open_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                      struct rpc_call *call)
{
    struct handover *handover = NULL;
    struct exports_pass pass = {.token_no = 0};
    struct caller caller = {0};
    struct err err = {0};
    if (!exports_require_enabled(exports, &err) ||
        !auth_anyone(exports->identity, call, &caller, &err) ||
        !check_offset(request->offset, &err) ||
        !exports_check_token(exports, &caller, str_of(request->token), rpc_turn_arena(call), &pass,
                             &err) ||
        !handover_begin(exports, &caller, &pass, request->offset, &handover, &err)) {
        refuse(exports, call, &caller, pass.job.id, &err);
        return;
    }
    struct download *download = mem_new(struct download);
    download->handover = handover;
    download->caller = caller;
    rpc_call_set_state(call, download, download_free);
    send_header(download, call);
}

static void next_turn(struct exports *exports, struct download *download, struct rpc_call *call)
{
    Exportqueue__V1__DownloadResponse response = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__INIT;
    struct err err = {0};
    size_t len = 0;
    if (!handover_read(download->handover, download->chunk, CHUNK_BYTES, &len, &err)) {
        refuse(exports, call, &download->caller, handover_job(download->handover)->id, &err);
    } else if (len == 0) {
        rpc_end(call);
    } else {
        response.part_case = EXPORTQUEUE__V1__DOWNLOAD_RESPONSE__PART_CHUNK;
        response.chunk = (ProtobufCBinaryData){.data = download->chunk, .len = len};
        rpc_reply(call, &response.base);
    }
}

void download_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                   struct rpc_call *call)
{
    struct download *download = rpc_call_state(call);
    if (download)
        next_turn(exports, download, call);
    else
        open_turn(exports, request, call);
}
