/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds elements by a hash of their key: a table that grows with what is in it. The node lives in
 * the element, so adding cannot fail; comparing keys is the caller's:
 *
 *     for (struct index_node *node = index_first(index, hash); node; node = index_next(node))
 *         if (str_equal(CONTAINER_OF(node, struct owner, node)->name, name))
 *             ...
 *
 * Not thread-safe: the index's owner locks.
 */
#ifndef QUEUE_INDEX_H
#define QUEUE_INDEX_H

#include "base/str.h"

struct index_node {
    struct index_node *next;
    uint64_t hash;
};

struct index {
    struct index_node **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    uint64_t seed; /* so that nobody outside can choose keys that share a bucket */
};

void index_init(struct index *index);

/* Frees the table, not the elements. */
void index_done(struct index *index);

/* The hash of a key, or of its first part with the hash so far: index_hash(index, index_hash(index,
 * 0, owner), request_id). */
uint64_t index_hash(const struct index *index, uint64_t so_far, struct str key);

/* The node must be in no index. */
void index_add(struct index *index, struct index_node *node, uint64_t hash);

/* The node must be in this index. */
void index_remove(struct index *index, struct index_node *node);

/* The nodes with this hash, one after the other; NULL: no more. */
struct index_node *index_first(const struct index *index, uint64_t hash);
struct index_node *index_next(const struct index_node *node);

#endif
