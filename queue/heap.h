/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives the first of many elements by an order of the caller's, at the cost of a logarithm. The
 * node lives in the element and knows its place, so that an element in the middle can leave or be
 * moved. Not thread-safe: the heap's owner locks.
 */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include "base/defs.h"

struct heap_node {
    size_t place; /* from 1; 0: in no heap */
};

struct heap {
    bool (*is_before)(const struct heap_node *a, const struct heap_node *b);
    struct heap_node **nodes;
    size_t count;
    size_t cap;
};

/* Elements of which neither is before the other come in any order. */
void heap_init(struct heap *heap,
               bool (*is_before)(const struct heap_node *a, const struct heap_node *b));

/* Frees the heap, not the elements. */
void heap_done(struct heap *heap);

/* Adds the node; or, if it is in this heap, moves it after its place in the order has changed. */
void heap_put(struct heap *heap, struct heap_node *node);

/* Takes the node out, if it is in. Its own order may have changed, and need not be readable. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* One of heap->count, in no order. */
struct heap_node *heap_at(const struct heap *heap, size_t index);

/* The first; NULL: the heap is empty. */
struct heap_node *heap_first(const struct heap *heap);

#endif
