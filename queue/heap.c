/* SPDX-License-Identifier: Apache-2.0
 *
 * See heap.h. Places count from 1: the children of n are 2n and 2n + 1, and neither is before n.
 */
#include "queue/heap.h"

#include "base/mem.h"

enum { FIRST_CAP = 16 };

void heap_init(struct heap *heap,
               bool (*is_before)(const struct heap_node *a, const struct heap_node *b))
{
    *heap = (struct heap){.is_before = is_before};
}

void heap_done(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){.is_before = heap->is_before};
}

static struct heap_node *at(const struct heap *heap, size_t place)
{
    return heap->nodes[place - 1];
}

static void set(struct heap *heap, struct heap_node *node, size_t place)
{
    heap->nodes[place - 1] = node;
    node->place = place;
}

static void move_forward(struct heap *heap, struct heap_node *node)
{
    size_t place = node->place;
    while (place > 1 && heap->is_before(node, at(heap, place / 2))) {
        set(heap, at(heap, place / 2), place);
        place /= 2;
    }
    set(heap, node, place);
}

static void move_back(struct heap *heap, struct heap_node *node)
{
    size_t place = node->place;
    for (;;) {
        size_t child = 2 * place;
        if (child > heap->count)
            break;
        if (child < heap->count && heap->is_before(at(heap, child + 1), at(heap, child)))
            child++;
        if (!heap->is_before(at(heap, child), node))
            break;
        set(heap, at(heap, child), place);
        place = child;
    }
    set(heap, node, place);
}

void heap_put(struct heap *heap, struct heap_node *node)
{
    if (!node->place) {
        if (heap->count == heap->cap) {
            heap->cap = heap->cap ? heap->cap * 2 : FIRST_CAP;
            heap->nodes = mem_resize_array(heap->nodes, heap->cap, sizeof(struct heap_node *));
        }
        set(heap, node, ++heap->count);
    }
    move_forward(heap, node);
    move_back(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (!node->place)
        return;
    struct heap_node *last = at(heap, heap->count--);
    if (last != node) {
        set(heap, last, node->place);
        move_forward(heap, last);
        move_back(heap, last);
    }
    node->place = 0;
}

struct heap_node *heap_at(const struct heap *heap, size_t index)
{
    return at(heap, index + 1);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? at(heap, 1) : NULL;
}
