/* SPDX-License-Identifier: Apache-2.0
 *
 * An intrusive, circular, doubly linked list: the node lives in the element, so adding cannot fail.
 * A node that is in no list points to itself (list_init). Not thread-safe: the list's owner locks.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/defs.h"

struct list {
    struct list *prev;
    struct list *next;
};

/* An empty list, or a node that is in none. */
static inline void list_init(struct list *list)
{
    list->prev = list;
    list->next = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* Adds at the end. The node must be in no list. */
static inline void list_push(struct list *list, struct list *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

/* Takes a node out of its list, if it is in one. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Takes the first node out; NULL if there is none. */
static inline struct list *list_pop(struct list *list)
{
    struct list *first = list->next;
    if (first == list)
        return NULL;
    list_remove(first);
    return first;
}

#endif
