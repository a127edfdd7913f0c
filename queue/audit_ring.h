/* SPDX-License-Identifier: Apache-2.0
 *
 * The newest entries of an audit, in memory: when it is full, each new one takes the place of the
 * oldest. One user at a time: the owner locks.
 */
#ifndef QUEUE_AUDIT_RING_H
#define QUEUE_AUDIT_RING_H

#include "queue/audit.h"

struct audit_ring;

/* Holds up to `size` entries, at least 1. */
struct audit_ring *audit_ring_new(size_t size);

/* NULL is fine. */
void audit_ring_free(struct audit_ring *ring);

/* Adds a copy of the entry, which is given the next number. */
void audit_ring_add(struct audit_ring *ring, const struct audit_entry *entry);

/* The entries asked for, newest first, with their texts in `arena`. Returns how many; `out` has
 * room for query->limit. */
size_t audit_ring_list(const struct audit_ring *ring, const struct audit_query *query,
                       struct arena *arena, struct audit_entry *out);

#endif
