/* SPDX-License-Identifier: Apache-2.0
 *
 * See handover.h.
 */
#include "server/handover.h"

#include "base/log.h"
#include "base/mem.h"

enum {
    RENEW_MS = 5000,
    LEASE_HOLDS_MS = 20000, /* without a renewal; the store gives it 30 s */
};

struct handover {
    struct exports *exports;
    struct arena arena; /* the job's texts */
    struct exports_download open;
    struct transfer transfer;
    int64_t renewed_ms; /* monotonic: the lease */
    int64_t tried_ms;   /* monotonic: to renew it */
    bool is_closed;     /* the lease was given back */
    bool is_late;       /* or will be: the store did not answer */
};

bool handover_begin(struct exports *exports, const struct caller *caller,
                    const struct exports_pass *pass, int64_t offset, struct handover **out,
                    struct err *err)
{
    struct handover *handover = mem_new(struct handover);
    if (!exports_open_download(exports, caller, pass, offset, &handover->arena, &handover->open,
                               err)) {
        arena_done(&handover->arena);
        free(handover);
        return false;
    }
    handover->exports = exports;
    handover->transfer = (struct transfer){
        .from = offset, .taken = offset - 1, .sent = offset, .token_no = handover->open.token_no};
    handover->renewed_ms = clock_monotonic_ms();
    handover->tried_ms = handover->renewed_ms;
    *out = handover;
    return true;
}

const struct job *handover_job(const struct handover *handover)
{
    return &handover->open.job;
}

int64_t handover_offset(const struct handover *handover)
{
    return handover->transfer.sent;
}

/* To a store that does not answer now, later: who has all bytes need not wait for that. */
static bool give_lease_back(struct handover *handover, struct err *err)
{
    const struct exports *exports = handover->exports;
    struct exports_download *open = &handover->open;
    handover->is_closed = true;
    if (store_download_close(exports->store, open->job.id, open->lease, &handover->transfer, err))
        return true;
    if (err->code != ERR_UNAVAILABLE)
        return false;
    handover->is_late = true;
    returns_add(exports->returns, open->job.id, open->lease, &handover->transfer, &open->place);
    return true;
}

static bool renew(struct handover *handover, struct err *err)
{
    int64_t now = clock_monotonic_ms();
    if (now - handover->tried_ms < RENEW_MS)
        return true;
    handover->tried_ms = now;
    if (store_download_renew(handover->exports->store, handover->open.job.id, handover->open.lease,
                             &handover->transfer, err))
        handover->renewed_ms = now;
    else if (err->code != ERR_UNAVAILABLE || now - handover->renewed_ms > LEASE_HOLDS_MS)
        return false;
    return true; /* a store that does not answer for a moment does not cut what flows */
}

static bool read_next(struct handover *handover, void *out, size_t room, size_t *out_len,
                      struct err *err)
{
    if (!file_reader_read(handover->open.reader, handover->transfer.sent, out, room, out_len, err))
        return false;
    if (*out_len == 0)
        return err_set(err, ERR_STORE_UNAVAILABLE,
                       "the stored file is shorter than it was when it was finished; create the "
                       "export again");
    handover->transfer.sent += (int64_t)*out_len;
    return true;
}

bool handover_read(struct handover *handover, void *out, size_t room, size_t *out_len,
                   struct err *err)
{
    handover->transfer.taken = handover->transfer.sent;
    *out_len = 0;
    if (handover->transfer.taken < handover->open.job.file.size)
        return renew(handover, err) && read_next(handover, out, room, out_len, err);
    return give_lease_back(handover, err);
}

void handover_end(struct handover *handover, bool was_taken)
{
    struct err err = {0};
    if (was_taken)
        handover->transfer.taken = handover->transfer.sent;
    /* If the store refuses to be told, the lease runs out by itself. */
    bool is_told = (handover->is_closed || give_lease_back(handover, &err)) && !handover->is_late;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(handover->open.job.id, id);
    log_event(LOG_INFO, "download.ended", "job=%s from=%lld to=%lld size=%lld told=%d", id,
              (long long)handover->transfer.from, (long long)handover->transfer.taken,
              (long long)handover->open.job.file.size, is_told ? 1 : 0);
    metrics_download_ended(handover->exports->metrics,
                           handover->transfer.taken - handover->transfer.from,
                           handover->transfer.taken >= handover->open.job.file.size);
    file_reader_close(handover->open.reader);
    limits_give_back(&handover->open.place);
    arena_done(&handover->arena);
    free(handover);
}
