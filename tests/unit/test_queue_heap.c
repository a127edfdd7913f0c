/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap against a plain search for the first, while elements come, change and leave.
 */
#include "queue/heap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { COUNT = 200, STEPS = 20000 };

struct item {
    struct heap_node node;
    uint32_t key;
};

static struct item *item_of(const struct heap_node *node)
{
    return CONTAINER_OF((struct heap_node *)(uintptr_t)node, struct item, node);
}

static bool is_smaller(const struct heap_node *a, const struct heap_node *b)
{
    return item_of(a)->key < item_of(b)->key;
}

static uint32_t least_key(const struct item *items)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < COUNT; i++)
        if (items[i].node.place && items[i].key < least)
            least = items[i].key;
    return least;
}

static void the_first_is_the_least_whatever_comes_changes_and_leaves(void **state)
{
    (void)state;
    static struct item items[COUNT];
    struct heap heap;
    heap_init(&heap, is_smaller);
    assert_null(heap_first(&heap));
    uint32_t random = 20260802;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525U + 1013904223U;
        struct item *item = &items[(random >> 8) % COUNT];
        if (random >> 28 < 5) {
            item->key = UINT32_MAX; /* it may be anything by then */
            heap_remove(&heap, &item->node);
            assert_int_equal(item->node.place, 0);
        } else {
            item->key = random >> 20;
            heap_put(&heap, &item->node);
        }
        const struct heap_node *first = heap_first(&heap);
        assert_int_equal(first ? item_of(first)->key : UINT32_MAX, least_key(items));
    }
    heap_done(&heap);
    assert_null(heap_first(&heap));
}

static void elements_leave_in_order(void **state)
{
    (void)state;
    static struct item items[COUNT];
    struct heap heap;
    heap_init(&heap, is_smaller);
    for (uint32_t i = 0; i < COUNT; i++) {
        items[i].key = i * 7919 % COUNT;
        heap_put(&heap, &items[i].node);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct heap_node *first = heap_first(&heap);
        assert_int_equal(item_of(first)->key, i);
        heap_remove(&heap, first);
    }
    assert_null(heap_first(&heap));
    heap_done(&heap);
}

static void who_is_in_no_heap_can_be_taken_out(void **state)
{
    (void)state;
    struct item item = {.key = 1};
    struct heap heap;
    heap_init(&heap, is_smaller);
    heap_remove(&heap, &item.node);
    heap_put(&heap, &item.node);
    heap_put(&heap, &item.node); /* once only */
    assert_int_equal(heap.count, 1);
    heap_remove(&heap, &item.node);
    heap_remove(&heap, &item.node);
    assert_int_equal(heap.count, 0);
    heap_done(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_least_whatever_comes_changes_and_leaves),
        cmocka_unit_test(elements_leave_in_order),
        cmocka_unit_test(who_is_in_no_heap_can_be_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
