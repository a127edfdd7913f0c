/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit_ring.h. Entry N is in slot N % size. Each is one piece of memory, its texts behind it.
 */
#include "queue/audit_ring.h"

#include "base/mem.h"

struct slot {
    struct audit_entry entry;
    char texts[];
};

struct audit_ring {
    size_t size;
    int64_t last; /* the newest entry's number; 0: there is none */
    struct slot *slots[];
};

struct audit_ring *audit_ring_new(size_t size)
{
    struct audit_ring *ring = mem_alloc(sizeof *ring + size * sizeof(struct slot *));
    ring->size = size;
    ring->last = 0;
    for (size_t i = 0; i < size; i++)
        ring->slots[i] = NULL;
    return ring;
}

void audit_ring_free(struct audit_ring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->size; i++)
        free(ring->slots[i]);
    free(ring);
}

/* Moves a text to where the slot's texts go on; returns where the next goes. */
static char *keep(struct str *text, char *at)
{
    if (text->len)
        memcpy(at, text->ptr, text->len);
    text->ptr = at;
    return at + text->len;
}

void audit_ring_add(struct audit_ring *ring, const struct audit_entry *entry)
{
    size_t len =
        entry->actor.name.len + entry->actor.address.len + entry->owner.len + entry->type.len;
    struct slot *slot = mem_alloc(sizeof *slot + len);
    struct slot **place = &ring->slots[(size_t)++ring->last % ring->size];
    slot->entry = *entry;
    slot->entry.number = ring->last;
    char *at = keep(&slot->entry.actor.name, slot->texts);
    at = keep(&slot->entry.actor.address, at);
    at = keep(&slot->entry.owner, at);
    (void)keep(&slot->entry.type, at);
    free(*place);
    *place = slot;
}

static void copy(const struct audit_entry *entry, struct arena *arena, struct audit_entry *out)
{
    *out = *entry;
    out->actor.name = arena_copy_str(arena, entry->actor.name);
    out->actor.address = arena_copy_str(arena, entry->actor.address);
    out->owner = arena_copy_str(arena, entry->owner);
    out->type = arena_copy_str(arena, entry->type);
}

size_t audit_ring_list(const struct audit_ring *ring, const struct audit_query *query,
                       struct arena *arena, struct audit_entry *out)
{
    int64_t oldest = ring->last > (int64_t)ring->size ? ring->last - (int64_t)ring->size + 1 : 1;
    int64_t number = ring->last;
    size_t count = 0;
    if (query->before && query->before <= number)
        number = query->before - 1;
    for (; number >= oldest && count < query->limit; number--) {
        const struct audit_entry *entry = &ring->slots[(size_t)number % ring->size]->entry;
        if (audit_matches(query, entry))
            copy(entry, arena, &out[count++]);
    }
    return count;
}
