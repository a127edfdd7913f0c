/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: whose turn it is. Among due jobs an owner with fewer running jobs goes
 * first, so that one owner's thousand jobs do not starve the rest; among equals who is due first,
 * then who is older.
 *
 * Due jobs stand in their owner's list, in that order; the owners stand in
 * a heap. So a turn costs the logarithm of the owners that have due jobs, however many jobs those
 * have. Retries whose time has not come wait in a heap of their own.
 */
#include "queue/store_memory.h"

static struct memory_job *first_due(const struct memory_owner *owner)
{
    return CONTAINER_OF(owner->due.next, struct memory_job, by_state);
}

/* Who is due earlier; among those due in the same millisecond, who is older. */
static bool is_due_before(const struct memory_job *a, const struct memory_job *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : uuid_compare(a->job.id, b->job.id) < 0;
}

static bool goes_first(const struct heap_node *node_a, const struct heap_node *node_b)
{
    const struct memory_owner *a = CONTAINER_OF(node_a, const struct memory_owner, in_line);
    const struct memory_owner *b = CONTAINER_OF(node_b, const struct memory_owner, in_line);
    if (a->running != b->running)
        return a->running < b->running;
    return is_due_before(first_due(a), first_due(b));
}

static bool is_due_first(const struct heap_node *node_a, const struct heap_node *node_b)
{
    const struct memory_job *a = CONTAINER_OF(node_a, const struct memory_job, in_waiting);
    const struct memory_job *b = CONTAINER_OF(node_b, const struct memory_job, in_waiting);
    return is_due_before(a, b);
}

void memory_line_init(struct memory_store *store)
{
    heap_init(&store->line, goes_first);
    heap_init(&store->waiting, is_due_first);
}

void memory_line_done(struct memory_store *store)
{
    heap_done(&store->line);
    heap_done(&store->waiting);
}

/* After the owner's due or running jobs changed. */
static void fix_place(struct memory_store *store, struct memory_owner *owner)
{
    if (list_is_empty(&owner->due))
        heap_remove(&store->line, &owner->in_line);
    else
        heap_put(&store->line, &owner->in_line);
}

void memory_line_leave(struct memory_store *store, struct memory_job *entry)
{
    heap_remove(&store->waiting, &entry->in_waiting);
    list_remove(&entry->by_state);
    fix_place(store, entry->owner);
}

static void make_due(struct memory_store *store, struct memory_job *entry)
{
    struct list *after = entry->owner->due.prev; /* nearly always the last */
    while (after != &entry->owner->due &&
           is_due_before(entry, CONTAINER_OF(after, struct memory_job, by_state)))
        after = after->prev;
    list_push(after->next, &entry->by_state);
    fix_place(store, entry->owner);
}

static struct memory_job *first_waiting(const struct memory_store *store)
{
    struct heap_node *node = heap_first(&store->waiting);
    return node ? CONTAINER_OF(node, struct memory_job, in_waiting) : NULL;
}

/* Retries whose time has come join the line. */
static void advance(struct memory_store *store)
{
    int64_t now = memory_now(store);
    struct memory_job *entry = NULL;
    while ((entry = first_waiting(store)) && entry->due_ms <= now) {
        heap_remove(&store->waiting, &entry->in_waiting);
        make_due(store, entry);
    }
}

void memory_line_add(struct memory_store *store, struct memory_job *entry, int64_t due_ms)
{
    entry->due_ms = due_ms;
    entry->job.progress = (struct job_progress){.phase = PHASE_QUEUED};
    pthread_cond_broadcast(&store->changed);
    advance(store); /* what was due before comes before */
    if (due_ms <= memory_now(store)) {
        make_due(store, entry);
        return;
    }
    entry->job.next_attempt_ms = due_ms;
    heap_put(&store->waiting, &entry->in_waiting);
}

struct memory_job *memory_line_first(struct memory_store *store)
{
    advance(store);
    const struct heap_node *first = heap_first(&store->line);
    return first ? first_due(CONTAINER_OF(first, const struct memory_owner, in_line)) : NULL;
}

int64_t memory_line_due_in(struct memory_store *store)
{
    if (memory_line_first(store))
        return 0;
    const struct memory_job *entry = first_waiting(store);
    return entry ? entry->due_ms - memory_now(store) : -1;
}

int64_t memory_line_age(struct memory_store *store)
{
    int64_t now = memory_now(store);
    int64_t age = 0;
    if (!memory_line_first(store))
        return 0;
    for (size_t i = 0; i < store->line.count; i++) {
        const struct memory_owner *owner =
            CONTAINER_OF(heap_at(&store->line, i), struct memory_owner, in_line);
        int64_t waited = now - first_due(owner)->due_ms;
        age = waited > age ? waited : age;
    }
    return age;
}
