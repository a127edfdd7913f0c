/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: tokens and the download lease, by the rule of queue/download.h.
 */
#include "queue/store_memory.h"

/* The download with its lease as of the wall clock, which download.h goes by. */
static struct download *download_at(const struct memory_store *store, struct memory_job *entry,
                                    int64_t now_ms)
{
    entry->download.lease_until_ms = now_ms + entry->download_until_ms - memory_steady(store);
    return &entry->download;
}

static void extend_lease(const struct memory_store *store, struct memory_job *entry)
{
    entry->download_until_ms = memory_steady(store) + store->options.download_lease_ms;
}

bool memory_issue_token(struct store *base, struct uuid id, const struct actor *actor,
                        int64_t *out_token_no, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    unsigned acts = 0;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = memory_find(store, id, &entry, err) &&
                 download_issue(&entry->download, &entry->job, &store->options, memory_now(store),
                                out_token_no, err);
    if (is_ok)
        memory_note(store, AUDIT_TOKEN, actor, &entry->job, &acts);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

bool memory_download_open(struct store *base, const struct download_request *request,
                          struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    unsigned acts = 0;
    pthread_mutex_lock(&store->mutex);
    int64_t lease = store->last_lease + 1;
    int64_t now_ms = memory_now(store);
    bool is_ok = memory_find(store, request->id, &entry, err) &&
                 download_open(download_at(store, entry, now_ms), &entry->job, &store->options,
                               now_ms, request->token_no, request->offset, lease, err);
    if (is_ok) {
        extend_lease(store, entry);
        store->last_lease = lease;
        memory_note(store, request->offset > 0 ? AUDIT_RESUME : AUDIT_DOWNLOAD, &request->actor,
                    &entry->job, &acts);
        *out_lease = lease;
        job_copy(arena, &entry->job, out);
    }
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

bool memory_download_renew(struct store *base, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err)
{
    struct memory_store *store = memory_of(base);
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = memory_look_up(store, id);
    bool is_held = entry ? download_renew(&entry->download, entry->job.file.size, &store->options,
                                          memory_now(store), lease, transfer, err)
                         : download_refuse_lease(err);
    if (entry)
        entry->job.downloads_used = entry->download.used;
    if (entry && is_held)
        extend_lease(store, entry);
    pthread_mutex_unlock(&store->mutex);
    return is_held;
}

bool memory_download_close(struct store *base, struct uuid id, int64_t lease,
                           const struct transfer *transfer, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = memory_look_up(store, id);
    if (entry)
        download_close(&entry->download, entry->job.file.size, &store->options, memory_now(store),
                       lease, transfer);
    if (entry)
        entry->job.downloads_used = entry->download.used;
    pthread_mutex_unlock(&store->mutex);
    return true;
}
