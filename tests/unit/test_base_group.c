/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that come together are worked off together, one group at a time.
 */
#include "base/group.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 16, CALLS = 500, MAX = 8 };

struct counting {
    struct group group;
    atomic_int working;
    atomic_int wrong;
    int rounds; /* the leader's, as the next two */
    int largest;
    int total;
};

struct call {
    struct group_item item;
    int number;
    int doubled;
};

/* An odd number is refused. */
static void work(void *target, struct group_item *const *items, size_t count)
{
    struct counting *counting = target;
    (void)atomic_fetch_add(&counting->wrong, atomic_fetch_add(&counting->working, 1) != 0);
    counting->rounds++;
    counting->total += (int)count;
    counting->largest = (int)count > counting->largest ? (int)count : counting->largest;
    for (size_t i = 0; i < count; i++) {
        struct call *call = CONTAINER_OF(items[i], struct call, item);
        call->doubled = call->number * 2;
        call->item.is_ok = call->number % 2 == 0 ||
                           err_set(&call->item.err, ERR_INVALID, "%d is odd", call->number);
    }
    (void)usleep(50); /* meanwhile the next gather */
    (void)atomic_fetch_sub(&counting->working, 1);
}

static void *make_calls(void *arg)
{
    struct counting *counting = arg;
    for (int i = 0; i < CALLS; i++) {
        struct call call = {.number = i};
        bool is_ok = group_run(&counting->group, &call.item);
        bool is_right = is_ok == (i % 2 == 0) && call.doubled == i * 2 &&
                        (is_ok || call.item.err.code == ERR_INVALID);
        (void)atomic_fetch_add(&counting->wrong, !is_right);
    }
    return NULL;
}

static void each_call_is_done_once_and_gets_its_own_outcome(void **state)
{
    (void)state;
    struct counting counting = {0};
    pthread_t threads[THREADS];
    group_init(&counting.group, MAX, work, &counting);
    for (size_t i = 0; i < THREADS; i++)
        thread_start(&threads[i], make_calls, &counting);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&counting.wrong), 0);
    assert_int_equal(counting.total, THREADS * CALLS);
    assert_in_range(counting.largest, 2, MAX);
    assert_true(counting.rounds < counting.total);
    group_done(&counting.group);
}

static void a_call_alone_is_done_at_once(void **state)
{
    (void)state;
    struct counting counting = {0};
    group_init(&counting.group, MAX, work, &counting);
    for (int i = 0; i < 3; i++) {
        struct call call = {.number = 2};
        assert_true(group_run(&counting.group, &call.item));
    }
    assert_int_equal(counting.rounds, 3);
    group_done(&counting.group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_done_once_and_gets_its_own_outcome),
        cmocka_unit_test(a_call_alone_is_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
