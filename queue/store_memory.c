/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: what doors ask, and the store's own life.
 */
#include "queue/store_memory.h"

#include "base/digest.h"
#include "base/mem.h"
#include "queue/refusal.h"

/* ---- What doors ask ---- */

static bool check_limit(const struct memory_store *store, const struct memory_owner *owner,
                        struct err *err)
{
    int32_t active = owner ? owner->active : 0;
    if (active < store->options.max_active_per_owner)
        return true;
    return refuse_limit(active, err);
}

static bool create(struct memory_store *store, const struct job_draft *draft,
                   struct memory_job **out, unsigned *acts, struct err *err)
{
    struct memory_job *known = str_is_empty(draft->request_id)
                                   ? NULL
                                   : memory_look_up_request(store, draft->owner, draft->request_id);
    if (known) {
        *out = known;
        return job_spec_equal(&known->job.spec, &draft->spec) || refuse_request_id(err);
    }
    if (!check_limit(store, memory_look_up_owner(store, draft->owner), err))
        return false;
    *out = memory_add(store, draft);
    memory_note(store, AUDIT_CREATE, &draft->actor, &(*out)->job, acts);
    memory_publish(store, *out);
    return true;
}

static bool memory_create(struct store *base, const struct job_draft *draft, struct arena *arena,
                          struct job *out, unsigned *out_acts, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = create(store, draft, &entry, out_acts, err);
    if (is_ok)
        job_copy(arena, &entry->job, out);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool memory_get(struct store *base, struct uuid id, struct arena *arena, struct job *out,
                       struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = memory_find(store, id, &entry, err);
    if (is_ok)
        job_copy(arena, &entry->job, out);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool matches(const struct job_query *query, const struct job *job)
{
    return (!query->states || (query->states & BIT(job->state))) &&
           (str_is_empty(query->type) || str_equal(query->type, job->spec.type)) &&
           (str_is_empty(query->request_id) || str_equal(query->request_id, job->request_id)) &&
           (!query->has_before || uuid_compare(job->id, query->before) < 0);
}

/* A page of a list of jobs, from the newest to the oldest; `member` is the list's node in a job.
 * `after`, if it is in the list, is where the page before ended. */
static size_t collect(const struct list *jobs, size_t member, const struct memory_job *after,
                      const struct job_query *query, struct arena *arena, struct job *out)
{
    const struct list *last =
        after ? (const struct list *)(const void *)((const char *)after + member) : jobs;
    size_t count = 0;
    for (struct list *node = last->prev; node != jobs && count < query->limit; node = node->prev) {
        const struct memory_job *entry = (struct memory_job *)(void *)((char *)node - member);
        if (matches(query, &entry->job))
            job_copy(arena, &entry->job, &out[count++]);
    }
    return count;
}

static size_t list_jobs(const struct memory_store *store, const struct job_query *query,
                        struct arena *arena, struct job *out)
{
    const struct memory_job *after =
        query->has_before ? memory_look_up(store, query->before) : NULL;
    if (str_is_empty(query->owner))
        return collect(&store->all, offsetof(struct memory_job, by_age), after, query, arena, out);
    const struct memory_owner *owner = memory_look_up_owner(store, query->owner);
    if (!owner)
        return 0;
    if (after && after->owner != owner)
        after = NULL;
    return collect(&owner->jobs, offsetof(struct memory_job, by_owner), after, query, arena, out);
}

static bool memory_list(struct store *base, const struct job_query *query, struct arena *arena,
                        const struct job **out, size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct job *jobs = arena_alloc_array(arena, query->limit, sizeof *jobs);
    (void)err;
    *out = jobs;
    pthread_mutex_lock(&store->mutex);
    *out_count = list_jobs(store, query, arena, jobs);
    pthread_mutex_unlock(&store->mutex);
    return true;
}

static bool cancel(struct memory_store *store, struct memory_job *entry, const struct actor *actor,
                   unsigned *acts, struct err *err)
{
    if (entry->job.state == JOB_CANCELLED)
        return true;
    if (!job_may_move(entry->job.state, JOB_CANCELLED))
        return refuse_state(&entry->job, CANCEL_NEEDS, err);
    memory_move(store, entry, JOB_CANCELLED);
    memory_note(store, AUDIT_CANCEL, actor, &entry->job, acts);
    memory_publish(store, entry);
    return true;
}

static bool memory_cancel(struct store *base, struct uuid id, const struct actor *actor,
                          struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = memory_find(store, id, &entry, err) && cancel(store, entry, actor, out_acts, err);
    if (is_ok)
        job_copy(arena, &entry->job, out);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool retry(struct memory_store *store, struct memory_job *entry, const struct actor *actor,
                  struct err *err)
{
    unsigned acts = 0;
    struct job *job = &entry->job;
    if (job->state != JOB_FAILED && job->state != JOB_CANCELLED)
        return refuse_state(job, RETRY_NEEDS, err);
    if (!check_limit(store, entry->owner, err))
        return false;
    memory_move(store, entry, JOB_QUEUED);
    arena_done(&entry->result);
    job->error = (struct job_error){0};
    job->warnings = (struct job_warnings){0};
    job->attempt = 0;
    job->max_attempts = store->options.retry.max_attempts;
    job->started_ms = 0;
    job->completed_ms = 0;
    job->expires_ms = 0;
    memory_line_add(store, entry, memory_now(store));
    memory_note(store, AUDIT_RETRY, actor, &entry->job, &acts);
    memory_publish(store, entry);
    return true;
}

static bool memory_retry(struct store *base, struct uuid id, const struct actor *actor,
                         struct arena *arena, struct job *out, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = memory_find(store, id, &entry, err) && retry(store, entry, actor, err);
    if (is_ok)
        job_copy(arena, &entry->job, out);
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool memory_remove(struct store *base, struct uuid id, const struct actor *actor,
                          struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct memory_job *entry = NULL;
    pthread_mutex_lock(&store->mutex);
    bool is_ok = memory_find(store, id, &entry, err);
    if (is_ok) {
        struct err ignored; /* only a final state cannot be cancelled */
        (void)cancel(store, entry, actor, out_acts, &ignored);
        memory_note(store, AUDIT_DELETE, actor, &entry->job, out_acts);
        job_copy(arena, &entry->job, out);
        if (store->hub)
            hub_publish_gone(store->hub, &entry->job);
        memory_forget(store, entry);
    }
    pthread_mutex_unlock(&store->mutex);
    return is_ok;
}

static bool memory_list_audit(struct store *base, const struct audit_query *query,
                              struct arena *arena, const struct audit_entry **out,
                              size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct audit_entry *entries = arena_alloc_array(arena, query->limit, sizeof *entries);
    (void)err;
    *out = entries;
    pthread_mutex_lock(&store->mutex);
    *out_count = audit_ring_list(store->audit, query, arena, entries);
    pthread_mutex_unlock(&store->mutex);
    return true;
}

/* ---- Life ---- */

static void memory_free(struct store *base)
{
    struct memory_store *store = memory_of(base);
    while (!list_is_empty(&store->all))
        memory_forget(store, CONTAINER_OF(store->all.next, struct memory_job, by_age));
    index_done(&store->by_id);
    index_done(&store->by_request);
    index_done(&store->by_owner);
    memory_line_done(store);
    memory_outbox_done(&store->outbox);
    audit_ring_free(store->audit);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

static const struct store_ops memory_ops = {
    .free = memory_free,
    .create = memory_create,
    .get = memory_get,
    .list = memory_list,
    .cancel = memory_cancel,
    .retry = memory_retry,
    .remove = memory_remove,
    .list_audit = memory_list_audit,
    .issue_token = memory_issue_token,
    .download_open = memory_download_open,
    .download_renew = memory_download_renew,
    .download_close = memory_download_close,
    .claim = memory_claim,
    .wait = memory_wait,
    .wake = memory_wake,
    .heartbeat = memory_heartbeat,
    .progress = memory_progress,
    .complete = memory_complete,
    .fail = memory_fail,
    .release = memory_release,
    .rescue = memory_rescue,
    .list_expired = memory_list_expired,
    .expire = memory_expire,
    .find_orphans = memory_find_orphans,
    .prune = memory_prune,
    .set_webhooks = memory_set_webhooks,
    .claim_deliveries = memory_claim_deliveries,
    .settle_delivery = memory_settle_delivery,
    .list_deliveries = memory_list_deliveries,
    .resend_delivery = memory_resend_delivery,
    .count = memory_count,
};

struct store *store_memory_new(const struct store_options *options, const struct clock *clock,
                               struct hub *hub)
{
    struct memory_store *store = mem_new(struct memory_store);
    store->base.ops = &memory_ops;
    store->options = *options;
    store->base.clock = clock;
    digest_random(&store->base.id, sizeof store->base.id);
    store->clock = clock;
    store->hub = hub;
    store->audit = audit_ring_new(STORE_MEMORY_MAX_AUDIT);
    pthread_mutex_init(&store->mutex, NULL);
    thread_condition_init(&store->changed);
    list_init(&store->all);
    memory_line_init(store);
    memory_outbox_init(&store->outbox);
    list_init(&store->running);
    list_init(&store->finished);
    list_init(&store->expired);
    index_init(&store->by_id);
    index_init(&store->by_request);
    index_init(&store->by_owner);
    return &store->base;
}
