/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: how jobs and owners are found, and how a job begins, changes and ends.
 * An owner exists as long as it has a job.
 */
#include "queue/store_memory.h"

#include "base/mem.h"
#include "queue/refusal.h"

#include <assert.h>

/* ---- Finding ---- */

static uint64_t id_hash(const struct memory_store *store, struct uuid id)
{
    return index_hash(&store->by_id, 0, (struct str){(const char *)id.bytes, sizeof id.bytes});
}

static uint64_t request_hash(const struct memory_store *store, struct str owner,
                             struct str request_id)
{
    uint64_t hash = index_hash(&store->by_request, 0, owner);
    return index_hash(&store->by_request, hash, request_id);
}

static uint64_t owner_hash(const struct memory_store *store, struct str name)
{
    return index_hash(&store->by_owner, 0, name);
}

struct memory_job *memory_look_up(const struct memory_store *store, struct uuid id)
{
    struct index_node *node = index_first(&store->by_id, id_hash(store, id));
    for (; node; node = index_next(node)) {
        struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_id);
        if (uuid_equal(entry->job.id, id))
            return entry;
    }
    return NULL;
}

struct memory_job *memory_look_up_request(const struct memory_store *store, struct str owner,
                                          struct str request_id)
{
    uint64_t hash = request_hash(store, owner, request_id);
    struct index_node *node = index_first(&store->by_request, hash);
    for (; node; node = index_next(node)) {
        struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_request);
        if (str_equal(entry->job.owner, owner) && str_equal(entry->job.request_id, request_id))
            return entry;
    }
    return NULL;
}

struct memory_owner *memory_look_up_owner(const struct memory_store *store, struct str name)
{
    struct index_node *node = index_first(&store->by_owner, owner_hash(store, name));
    for (; node; node = index_next(node)) {
        struct memory_owner *owner = CONTAINER_OF(node, struct memory_owner, by_name);
        if (str_equal(name, (struct str){owner->name, owner->name_len}))
            return owner;
    }
    return NULL;
}

bool memory_find(struct memory_store *store, struct uuid id, struct memory_job **out,
                 struct err *err)
{
    *out = memory_look_up(store, id);
    return *out || refuse_unknown(id, err);
}

/* ---- Changing ---- */

void memory_publish(struct memory_store *store, struct memory_job *entry)
{
    entry->job.revision++;
    if (store->hub)
        hub_publish(store->hub, &entry->job);
}

void memory_note(struct memory_store *store, enum audit_action action, const struct actor *actor,
                 const struct job *job, unsigned *acts)
{
    const struct audit_entry note = {
        .at_ms = memory_now(store),
        .action = action,
        .actor = *actor,
        .job = job->id,
        .owner = job->owner,
        .type = job->spec.type,
    };
    audit_ring_add(store->audit, &note);
    *acts |= BIT(action);
}

static void count_move(struct memory_store *store, enum job_state from, enum job_state to)
{
    struct store_counters *counters = &store->counters;
    counters->queued += (to == JOB_QUEUED) - (from == JOB_QUEUED);
    counters->running += (to == JOB_RUNNING) - (from == JOB_RUNNING);
    counters->processed += to == JOB_COMPLETED;
    counters->failed += to == JOB_FAILED;
    counters->cancelled += to == JOB_CANCELLED;
}

static void leave_ended(struct memory_job *entry)
{
    if (list_is_empty(&entry->by_ending))
        return;
    list_remove(&entry->by_ending);
    entry->owner->ended_count--;
}

static void join_ended(struct memory_store *store, struct memory_job *entry)
{
    struct memory_owner *owner = entry->owner;
    list_push(&owner->ended, &entry->by_ending);
    owner->ended_count++;
    if (owner->ended_count > STORE_MEMORY_MAX_ENDED)
        memory_forget(store, CONTAINER_OF(owner->ended.next, struct memory_job, by_ending));
}

void memory_move(struct memory_store *store, struct memory_job *entry, enum job_state to)
{
    struct job *job = &entry->job;
    enum job_state from = job->state;
    assert(job_may_move(from, to));
    struct memory_owner *owner = entry->owner;
    int64_t now = memory_now(store);
    owner->active += job_state_is_active(to) - job_state_is_active(from);
    owner->running += (to == JOB_RUNNING) - (from == JOB_RUNNING);
    count_move(store, from, to);
    job->state = to;
    job->next_attempt_ms = 0;
    memory_line_leave(store, entry);
    leave_ended(entry);
    if (to == JOB_RUNNING)
        list_push(&store->running, &entry->by_state);
    if (!job_state_is_final(to))
        return;
    list_push(&store->finished, &entry->by_state);
    if (to != JOB_EXPIRED)
        job->completed_ms = now;
    job->expires_ms = now + store->options.retention_ms;
    if (delivery_is_end(from, to))
        memory_outbox_write(store, job);
    if (to != JOB_COMPLETED)
        join_ended(store, entry);
}

/* ---- Beginning and ending ---- */

static struct memory_owner *get_owner(struct memory_store *store, struct str name)
{
    struct memory_owner *owner = memory_look_up_owner(store, name);
    if (owner)
        return owner;
    owner = mem_alloc(sizeof *owner + name.len);
    *owner = (struct memory_owner){.name_len = name.len};
    if (name.len)
        memcpy(owner->name, name.ptr, name.len);
    list_init(&owner->jobs);
    list_init(&owner->due);
    list_init(&owner->ended);
    index_add(&store->by_owner, &owner->by_name, owner_hash(store, name));
    return owner;
}

struct memory_job *memory_add(struct memory_store *store, const struct job_draft *draft)
{
    struct memory_job *entry = mem_new(struct memory_job);
    int64_t now = memory_now(store);
    struct job job = {
        .id = uuid_make(&store->ids, now),
        .spec = draft->spec,
        .owner = draft->owner,
        .request_id = draft->request_id,
        .trace_parent = draft->trace_parent,
        .trace_state = draft->trace_state,
        .state = JOB_QUEUED,
        .max_attempts = store->options.retry.max_attempts,
        .created_ms = now,
    };
    job_copy(&entry->arena, &job, &entry->job);
    entry->owner = get_owner(store, draft->owner);
    entry->owner->active++;
    store->counters.queued++;
    list_init(&entry->by_state);
    list_init(&entry->by_ending);
    index_add(&store->by_id, &entry->by_id, id_hash(store, job.id));
    if (!str_is_empty(job.request_id))
        index_add(&store->by_request, &entry->by_request,
                  request_hash(store, job.owner, job.request_id));
    list_push(&entry->owner->jobs, &entry->by_owner);
    list_push(&store->all, &entry->by_age);
    memory_line_add(store, entry, now);
    return entry;
}

void memory_forget(struct memory_store *store, struct memory_job *entry)
{
    struct memory_owner *owner = entry->owner;
    index_remove(&store->by_id, &entry->by_id);
    if (!str_is_empty(entry->job.request_id))
        index_remove(&store->by_request, &entry->by_request);
    list_remove(&entry->by_owner);
    list_remove(&entry->by_age);
    memory_line_leave(store, entry);
    leave_ended(entry);
    if (list_is_empty(&owner->jobs)) {
        index_remove(&store->by_owner, &owner->by_name);
        free(owner);
    }
    arena_done(&entry->arena);
    arena_done(&entry->result);
    free(entry);
}
