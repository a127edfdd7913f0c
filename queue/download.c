/* SPDX-License-Identifier: Apache-2.0
 *
 * See download.h.
 */
#include "queue/download.h"

#include "queue/refusal.h"

enum { BUSY_RETRY_MAX_MS = 5000 };

/* Once retention is over the file may go at any moment, also while the job still is COMPLETED. */
static bool check_file(const struct job *job, int64_t now_ms, struct err *err)
{
    if (job->state == JOB_COMPLETED && now_ms < job->expires_ms)
        return true;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    if (job->state == JOB_COMPLETED || job->state == JOB_EXPIRED)
        return err_set(err, ERR_EXPIRED,
                       "the file of job %s has expired and is gone; create the export again", id);
    return refuse_without_file(job, err);
}

static bool is_used_up(const struct download *download, const struct store_options *options)
{
    return options->downloads_per_job && download->used >= options->downloads_per_job;
}

static void begin_anew(struct download *download)
{
    download->spent_ms = 0;
    download->prefix = 0;
    download->sent = 0;
}

bool download_issue(struct download *download, const struct job *job,
                    const struct store_options *options, int64_t now_ms, int64_t *out_token_no,
                    struct err *err)
{
    if (!check_file(job, now_ms, err))
        return false;
    if (is_used_up(download, options))
        return err_set(err, ERR_USED,
                       "this file was downloaded already, as often as it may be; create the "
                       "export again");
    if (download->spent_ms) /* one more download is allowed */
        begin_anew(download);
    *out_token_no = ++download->token_no;
    return true;
}

static bool check_open(const struct download *download, const struct job *job,
                       const struct store_options *options, int64_t now_ms, int64_t token_no,
                       int64_t offset, struct err *err)
{
    if (!check_file(job, now_ms, err))
        return false;
    if (token_no <= 0 || token_no != download->token_no) /* 0: none was issued */
        return err_set(err, ERR_EXPIRED, "a newer token was issued for this file; use that one");
    bool is_in_grace = offset > 0 && now_ms < download->spent_ms + options->download_grace_ms;
    if (download->spent_ms && !is_in_grace)
        return err_set(err, ERR_USED, "this token was used: the file was downloaded; %s",
                       is_used_up(download, options) ? "create the export again"
                                                     : "ask for a fresh token");
    if (download->lease && download->lease_until_ms > now_ms) {
        (void)err_set(err, ERR_BUSY,
                      "another download of this file is under way; come back when it has ended");
        int64_t left_ms =
            download->lease_until_ms - now_ms; /* at most: most give it back earlier */
        return err_retry_after(err, left_ms < BUSY_RETRY_MAX_MS ? left_ms : BUSY_RETRY_MAX_MS);
    }
    if (offset < 0 || offset > job->file.size)
        return err_set_field(err, "offset",
                             "the offset is %lld; it may be from 0 to %lld, the "
                             "file's size",
                             (long long)offset, (long long)job->file.size);
    return true;
}

bool download_open(struct download *download, const struct job *job,
                   const struct store_options *options, int64_t now_ms, int64_t token_no,
                   int64_t offset, int64_t lease, struct err *err)
{
    if (!check_open(download, job, options, now_ms, token_no, offset, err))
        return false;
    download->lease = lease;
    download->lease_until_ms = now_ms + options->download_lease_ms;
    download->is_counting = !download->spent_ms;
    if (offset > download->prefix && offset <= download->sent)
        download->prefix = offset;
    return true;
}

/* Counts bytes that were taken, if they join what was taken before. A transfer counts once: what it
 * tells after that, or tells of a tail that was fetched again, is not part of the next download. */
static void take(struct download *download, int64_t size, const struct store_options *options,
                 int64_t now_ms, const struct transfer *transfer)
{
    if (!download->is_counting || transfer->taken < transfer->from ||
        transfer->from > download->prefix)
        return;
    if (transfer->taken > download->prefix)
        download->prefix = transfer->taken;
    if (transfer->sent > download->sent)
        download->sent = transfer->sent;
    if (download->prefix < size)
        return;
    download->is_counting = false;
    download->used++;
    /* A token that was issued meanwhile is for the next download, if there may be one. */
    if (transfer->token_no != download->token_no && !is_used_up(download, options))
        begin_anew(download);
    else
        download->spent_ms = now_ms;
}

bool download_refuse_lease(struct err *err)
{
    return err_set(err, ERR_BUSY,
                   "this download stood still too long and another has begun; come back when it "
                   "has ended");
}

bool download_renew(struct download *download, int64_t size, const struct store_options *options,
                    int64_t now_ms, int64_t lease, const struct transfer *transfer, struct err *err)
{
    if (!lease || download->lease != lease)
        return download_refuse_lease(err);
    download->lease_until_ms = now_ms + options->download_lease_ms;
    take(download, size, options, now_ms, transfer);
    return true;
}

/* The store was away for longer than the lease lasts, and another transfer has begun: the file was
 * had all the same. Told once more, the token is spent. */
static void take_late(struct download *download, int64_t size, int64_t now_ms,
                      const struct transfer *transfer)
{
    bool is_whole = transfer->from == 0 && transfer->taken >= size;
    if (!is_whole || download->spent_ms || transfer->token_no != download->token_no)
        return;
    download->used++;
    download->spent_ms = now_ms;
    download->is_counting = false;
}

void download_close(struct download *download, int64_t size, const struct store_options *options,
                    int64_t now_ms, int64_t lease, const struct transfer *transfer)
{
    if (!lease)
        return;
    if (download->lease != lease) {
        take_late(download, size, now_ms, transfer);
        return;
    }
    take(download, size, options, now_ms, transfer);
    download->lease = 0;
}
