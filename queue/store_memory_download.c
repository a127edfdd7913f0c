/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: tokens and the download lease. The rule with its reasons is in
 * docs/downloads.md.
 */
#include "queue/store_memory.h"

enum { BUSY_RETRY_MAX_MS = 5000 };

/* Once retention is over the file may go at any moment, also while the job still is COMPLETED. */
static bool check_file(const struct memory_store *store, const struct memory_job *entry,
                       struct err *err)
{
    const struct job *job = &entry->job;
    if (job->state == JOB_COMPLETED && memory_now(store) < job->expires_ms)
        return true;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    if (job->state == JOB_COMPLETED || job->state == JOB_EXPIRED)
        return err_set(err, ERR_EXPIRED,
                       "the file of job %s has expired and is gone; create the export again", id);
    return err_set(err, ERR_NOT_READY,
                   "job %s is %s; its file can be downloaded once it is COMPLETED", id,
                   job_state_name(job->state));
}

static bool is_used_up(const struct memory_store *store, const struct memory_job *entry)
{
    int32_t allowed = store->options.downloads_per_job;
    return allowed && entry->download.used >= allowed;
}

static bool issue_token(struct memory_store *store, struct memory_job *entry, int64_t *out,
                        struct err *err)
{
    if (!check_file(store, entry, err))
        return false;
    if (is_used_up(store, entry))
        return err_set(err, ERR_USED,
                       "this file was downloaded already, as often as it may be; create the "
                       "export again");
    struct memory_download *download = &entry->download;
    if (download->spent_ms) { /* one more download is allowed: it begins anew */
        download->spent_ms = 0;
        download->prefix = 0;
        download->sent = 0;
    }
    *out = ++download->token_no;
    return true;
}

bool memory_issue_token(struct store *base, struct uuid id, int64_t *out_token_no, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok =
        memory_find(store, id, &entry, err) && issue_token(store, entry, out_token_no, err);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool check_open(const struct memory_store *store, const struct memory_job *entry,
                       int64_t token_no, int64_t offset, struct err *err)
{
    const struct memory_download *download = &entry->download;
    int64_t now = memory_now(store);
    if (!check_file(store, entry, err))
        return false;
    if (token_no <= 0 || token_no != download->token_no) /* 0: none was issued */
        return err_set(err, ERR_EXPIRED, "a newer token was issued for this file; use that one");
    bool is_in_grace = offset > 0 && now < download->spent_ms + store->options.download_grace_ms;
    if (download->spent_ms && !is_in_grace)
        return err_set(err, ERR_USED, "this token was used: the file was downloaded; %s",
                       is_used_up(store, entry) ? "create the export again"
                                                : "ask for a fresh token");
    if (download->lease && download->lease_until_ms > now) {
        (void)err_set(err, ERR_BUSY,
                      "another download of this file is under way; come back when it has ended");
        int64_t left_ms = download->lease_until_ms - now; /* at most: most give it back earlier */
        return err_retry_after(err, left_ms < BUSY_RETRY_MAX_MS ? left_ms : BUSY_RETRY_MAX_MS);
    }
    if (offset < 0 || offset > entry->job.file.size)
        return err_set_field(err, "offset",
                             "the offset is %lld; it may be from 0 to %lld, the "
                             "file's size",
                             (long long)offset, (long long)entry->job.file.size);
    return true;
}

bool memory_download_open(struct store *base, struct uuid id, int64_t token_no, int64_t offset,
                          struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok =
        memory_find(store, id, &entry, err) && check_open(store, entry, token_no, offset, err);
    if (is_ok) {
        struct memory_download *download = &entry->download;
        download->lease = ++store->last_lease;
        download->lease_until_ms = memory_now(store) + store->options.download_lease_ms;
        download->is_counting = !download->spent_ms;
        if (offset > download->prefix && offset <= download->sent)
            download->prefix = offset;
        *out_lease = download->lease;
        job_copy(arena, &entry->job, out);
    }
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

/* Counts bytes that were taken, if they join what was taken before. A transfer counts once: what it
 * tells after that, or tells of a tail that was fetched again, is not part of the next download. */
static void take(struct memory_store *store, struct memory_job *entry,
                 const struct transfer *transfer)
{
    struct memory_download *download = &entry->download;
    if (!download->is_counting || transfer->taken < transfer->from ||
        transfer->from > download->prefix)
        return;
    if (transfer->taken > download->prefix)
        download->prefix = transfer->taken;
    if (transfer->sent > download->sent)
        download->sent = transfer->sent;
    if (download->prefix < entry->job.file.size)
        return;
    download->spent_ms = memory_now(store);
    download->is_counting = false;
    download->used++;
}

/* The job whose file the lease holds; NULL if the lease was lost. */
static struct memory_job *leased(struct memory_store *store, struct uuid id, int64_t lease)
{
    struct memory_job *entry = memory_look_up(store, id);
    return entry && lease && entry->download.lease == lease ? entry : NULL;
}

bool memory_download_renew(struct store *base, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err)
{
    struct memory_store *store = memory_of(base);
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = leased(store, id, lease);
    if (entry) {
        entry->download.lease_until_ms = memory_now(store) + store->options.download_lease_ms;
        take(store, entry, transfer);
    }
    pthread_mutex_unlock(&store->mutex);
    return entry || err_set(err, ERR_BUSY,
                            "this download stood still too long and another has begun; come back "
                            "when it has ended");
}

bool memory_download_close(struct store *base, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = leased(store, id, lease);
    if (entry) {
        take(store, entry, transfer);
        entry->download.lease = 0;
    }
    pthread_mutex_unlock(&store->mutex);
    return true;
}
