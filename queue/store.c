/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h: each call goes to the store behind it.
 */
#include "queue/store.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

struct store_options store_options_default(void)
{
    return (struct store_options){
        .max_active_per_owner = 5,
        .retry = {.max_attempts = 3,
                  .base_ms = 500,
                  .cap_ms = 30 * SECOND_MS,
                  .jitter_percent = 10},
        .downloads_per_job = 1,
        .retention_ms = 15 * MINUTE_MS,
        .lease_ms = 30 * SECOND_MS,
        .download_lease_ms = 30 * SECOND_MS,
        .download_grace_ms = 60 * SECOND_MS,
    };
}

const struct clock *store_clock(const struct store *store)
{
    return store->clock;
}

struct uuid store_id(const struct store *store)
{
    return store->id;
}

void store_free(struct store *store)
{
    if (store)
        store->ops->free(store);
}

/* The ops always get a place to tell what was written, which is nothing until they say so. */
static unsigned *place_of(unsigned *out_acts, unsigned *ours)
{
    unsigned *place = out_acts ? out_acts : ours;
    *place = 0;
    return place;
}

bool store_create(struct store *store, const struct job_draft *draft, struct arena *arena,
                  struct job *out, unsigned *out_acts, struct err *err)
{
    unsigned acts;
    return store->ops->create(store, draft, arena, out, place_of(out_acts, &acts), err);
}

bool store_get(struct store *store, struct uuid id, struct arena *arena, struct job *out,
               struct err *err)
{
    return store->ops->get(store, id, arena, out, err);
}

bool store_list(struct store *store, const struct job_query *query, struct arena *arena,
                const struct job **out, size_t *out_count, struct err *err)
{
    return store->ops->list(store, query, arena, out, out_count, err);
}

bool store_cancel(struct store *store, struct uuid id, const struct actor *actor,
                  struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    unsigned acts;
    return store->ops->cancel(store, id, actor, arena, out, place_of(out_acts, &acts), err);
}

bool store_retry(struct store *store, struct uuid id, const struct actor *actor,
                 struct arena *arena, struct job *out, struct err *err)
{
    return store->ops->retry(store, id, actor, arena, out, err);
}

bool store_remove(struct store *store, struct uuid id, const struct actor *actor,
                  struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    unsigned acts;
    return store->ops->remove(store, id, actor, arena, out, place_of(out_acts, &acts), err);
}

bool store_list_audit(struct store *store, const struct audit_query *query, struct arena *arena,
                      const struct audit_entry **out, size_t *out_count, struct err *err)
{
    return store->ops->list_audit(store, query, arena, out, out_count, err);
}

bool store_issue_token(struct store *store, struct uuid id, const struct actor *actor,
                       int64_t *out_token_no, struct err *err)
{
    return store->ops->issue_token(store, id, actor, out_token_no, err);
}

bool store_download_open(struct store *store, const struct download_request *request,
                         struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    return store->ops->download_open(store, request, arena, out, out_lease, err);
}

bool store_download_renew(struct store *store, struct uuid id, int64_t lease,
                          const struct transfer *transfer, struct err *err)
{
    return store->ops->download_renew(store, id, lease, transfer, err);
}

bool store_download_close(struct store *store, struct uuid id, int64_t lease,
                          const struct transfer *transfer, struct err *err)
{
    return store->ops->download_close(store, id, lease, transfer, err);
}

bool store_claim(struct store *store, const char *worker, struct arena *arena, struct job *out,
                 struct ticket *out_ticket, bool *out_found, struct err *err)
{
    return store->ops->claim(store, worker, arena, out, out_ticket, out_found, err);
}

void store_wait(struct store *store, int64_t timeout_ms)
{
    store->ops->wait(store, timeout_ms);
}

void store_wake(struct store *store)
{
    store->ops->wake(store);
}

bool store_heartbeat(struct store *store, const struct ticket *tickets, size_t count,
                     bool *out_is_lost, struct err *err)
{
    return store->ops->heartbeat(store, tickets, count, out_is_lost, err);
}

bool store_progress(struct store *store, const struct ticket *ticket,
                    const struct job_progress *progress, bool *out_is_mine, struct err *err)
{
    return store->ops->progress(store, ticket, progress, out_is_mine, err);
}

bool store_complete(struct store *store, const struct ticket *ticket, const struct job_file *file,
                    const struct job_progress *progress, const struct job_warnings *warnings,
                    bool *out_is_mine, struct err *err)
{
    return store->ops->complete(store, ticket, file, progress, warnings, out_is_mine, err);
}

bool store_fail(struct store *store, const struct ticket *ticket, const struct err *why,
                struct arena *arena, struct job *out, bool *out_is_mine, struct err *err)
{
    return store->ops->fail(store, ticket, why, arena, out, out_is_mine, err);
}

bool store_release(struct store *store, const struct ticket *ticket, bool *out_is_mine,
                   struct err *err)
{
    return store->ops->release(store, ticket, out_is_mine, err);
}

bool store_rescue(struct store *store, struct arena *arena, const struct job **out,
                  size_t *out_count, struct err *err)
{
    return store->ops->rescue(store, arena, out, out_count, err);
}

bool store_list_expired(struct store *store, size_t limit, struct arena *arena,
                        const struct job **out, size_t *out_count, struct err *err)
{
    return store->ops->list_expired(store, limit, arena, out, out_count, err);
}

bool store_expire(struct store *store, struct uuid id, bool *out_is_expired, struct err *err)
{
    return store->ops->expire(store, id, out_is_expired, err);
}

bool store_find_orphans(struct store *store, const struct attempt_file *files, size_t count,
                        bool *out_is_orphan, struct err *err)
{
    return store->ops->find_orphans(store, files, count, out_is_orphan, err);
}

bool store_prune(struct store *store, size_t limit, size_t *out_count, struct err *err)
{
    return store->ops->prune(store, limit, out_count, err);
}

bool store_set_webhooks(struct store *store, const struct subscribers *told, struct arena *arena,
                        struct subscribers_change *out, struct err *err)
{
    return store->ops->set_webhooks(store, told, arena, out, err);
}

bool store_claim_deliveries(struct store *store, size_t limit, struct arena *arena,
                            const struct delivery **out, size_t *out_count, struct err *err)
{
    return store->ops->claim_deliveries(store, limit, arena, out, out_count, err);
}

bool store_settle_delivery(struct store *store, const struct delivery *delivery,
                           const struct delivery_outcome *outcome, bool *out_is_mine,
                           struct err *err)
{
    return store->ops->settle_delivery(store, delivery, outcome, out_is_mine, err);
}

bool store_list_deliveries(struct store *store, const struct delivery_query *query,
                           struct arena *arena, const struct delivery **out, size_t *out_count,
                           struct err *err)
{
    return store->ops->list_deliveries(store, query, arena, out, out_count, err);
}

bool store_resend_delivery(struct store *store, const struct delivery_again *again,
                           struct arena *arena, struct delivery *out, unsigned *out_acts,
                           struct err *err)
{
    unsigned acts;
    return store->ops->resend_delivery(store, again, arena, out, place_of(out_acts, &acts), err);
}

bool store_count(struct store *store, struct store_counters *out, struct err *err)
{
    return store->ops->count(store, out, err);
}

void store_read_connections(struct store *store, struct store_connections *out)
{
    *out = (struct store_connections){0};
    if (store->ops->read_connections)
        store->ops->read_connections(store, out);
}
