/* SPDX-License-Identifier: Apache-2.0
 *
 * See revisions.h. Active jobs and ended ones stand in a list each, by when they were seen last, so
 * that looking at the active ones costs as much as there are.
 */
#include "queue/revisions.h"

#include "base/list.h"
#include "base/mem.h"
#include "queue/index.h"

struct seen {
    struct index_node by_id;
    struct list by_age;
    struct uuid id;
    int64_t revision;
};

struct revisions {
    struct index by_id;
    struct list active;
    struct list ended;
};

struct revisions *revisions_new(void)
{
    struct revisions *revisions = mem_new(struct revisions);
    index_init(&revisions->by_id);
    list_init(&revisions->active);
    list_init(&revisions->ended);
    return revisions;
}

static void forget(struct revisions *revisions, struct seen *seen)
{
    index_remove(&revisions->by_id, &seen->by_id);
    list_remove(&seen->by_age);
    free(seen);
}

static void forget_first(struct revisions *revisions, struct list *list)
{
    forget(revisions, CONTAINER_OF(list->next, struct seen, by_age));
}

void revisions_free(struct revisions *revisions)
{
    if (!revisions)
        return;
    while (!list_is_empty(&revisions->active))
        forget_first(revisions, &revisions->active);
    while (!list_is_empty(&revisions->ended))
        forget_first(revisions, &revisions->ended);
    index_done(&revisions->by_id);
    free(revisions);
}

static uint64_t hash_of(const struct revisions *revisions, struct uuid id)
{
    return index_hash(&revisions->by_id, 0, (struct str){(const char *)id.bytes, sizeof id.bytes});
}

static struct seen *find(const struct revisions *revisions, struct uuid id)
{
    struct index_node *node = index_first(&revisions->by_id, hash_of(revisions, id));
    for (; node; node = index_next(node)) {
        struct seen *seen = CONTAINER_OF(node, struct seen, by_id);
        if (uuid_equal(seen->id, id))
            return seen;
    }
    return NULL;
}

static struct seen *add(struct revisions *revisions, struct uuid id)
{
    if (revisions->by_id.count >= REVISIONS_MAX)
        forget_first(revisions,
                     list_is_empty(&revisions->ended) ? &revisions->active : &revisions->ended);
    struct seen *seen = mem_new(struct seen);
    seen->id = id;
    list_init(&seen->by_age);
    index_add(&revisions->by_id, &seen->by_id, hash_of(revisions, id));
    return seen;
}

bool revisions_advance(struct revisions *revisions, struct uuid id, int64_t revision,
                       bool is_active)
{
    struct seen *seen = find(revisions, id);
    if (seen && seen->revision >= revision)
        return false;
    if (!seen)
        seen = add(revisions, id);
    seen->revision = revision;
    list_remove(&seen->by_age);
    list_push(is_active ? &revisions->active : &revisions->ended, &seen->by_age);
    return true;
}

int64_t revisions_of(const struct revisions *revisions, struct uuid id)
{
    const struct seen *seen = find(revisions, id);
    return seen ? seen->revision : 0;
}

void revisions_each_active(const struct revisions *revisions,
                           void (*visit)(void *target, struct uuid id, int64_t revision),
                           void *target)
{
    const struct list *active = &revisions->active;
    for (struct list *node = active->next; node != active; node = node->next) {
        const struct seen *seen = CONTAINER_OF(node, struct seen, by_age);
        visit(target, seen->id, seen->revision);
    }
}
