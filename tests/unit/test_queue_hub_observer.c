/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub's own thread: what the observer sees of its work, and that it never has too much of it.
 */
#include "tests/unit/queue_hub_kit.h"

static void count_all(void *target, const struct job *job)
{
    (void)job;
    (void)atomic_fetch_add((atomic_int *)target, 1);
}

static void the_observer_sees_every_state_until_it_ends(void **state)
{
    struct fixture *fixture = *state;
    atomic_int calls;
    atomic_init(&calls, 0);
    hub_observe(fixture->hub, count_all, &calls);
    for (uint32_t i = 0; i < 1000; i++)
        publish(fixture, job_of(i, JOB_QUEUED, i));
    wait_for(&calls, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        publish(fixture, job_of(i, JOB_CANCELLED, i));
    hub_observe(fixture->hub, NULL, NULL); /* in the middle of it */
    int at_end = atomic_load(&calls);
    publish(fixture, job_of(1, JOB_QUEUED, 5000));
    drain(fixture);
    assert_int_equal(atomic_load(&calls), at_end);
}

/* An observer that takes its time. */
struct gate {
    atomic_int entered;
    atomic_int left;
    atomic_bool is_open;
};

static void pass_gate(void *target, const struct job *job)
{
    struct gate *gate = target;
    (void)job;
    (void)atomic_fetch_add(&gate->entered, 1);
    while (!atomic_load(&gate->is_open))
        pause_ms(1);
    (void)atomic_fetch_add(&gate->left, 1);
}

static void *open_gate_soon(void *arg)
{
    struct gate *gate = arg;
    pause_ms(20);
    atomic_store(&gate->is_open, true);
    return NULL;
}

static void ending_the_observer_waits_for_its_call(void **state)
{
    struct fixture *fixture = *state;
    static struct gate gate;
    pthread_t opener;
    hub_observe(fixture->hub, pass_gate, &gate);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&gate.entered, 1);
    thread_start(&opener, open_gate_soon, &gate);
    hub_observe(fixture->hub, NULL, NULL);
    assert_int_equal(atomic_load(&gate.left), 1);
    pthread_join(opener, NULL);
}

static void progress_does_not_pile_up_before_a_slow_thread(void **state)
{
    struct fixture *fixture = *state;
    static struct gate gate;
    hub_observe(fixture->hub, pass_gate, &gate);
    publish(fixture, job_of(1, JOB_RUNNING, 1));
    wait_for(&gate.entered, 1); /* now the hub's thread stands still */
    for (int64_t revision = 2; revision < 10000; revision++)
        for (uint32_t number = 1; number <= 3; number++)
            publish(fixture, job_of(number, JOB_RUNNING, revision));
    publish(fixture, job_of(9, JOB_QUEUED, 1));
    atomic_store(&gate.is_open, true);
    wait_for(&gate.left, 5);
    hub_observe(fixture->hub, NULL, NULL);
    assert_int_equal(atomic_load(&gate.left), 5); /* the first, one of each job, the last */
}

static void a_flush_returns_when_all_was_handed_out_and_woken(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.owner = STR("alice")};
    struct job job;
    listen_to(fixture, &listener, &scope);
    hub_flush(fixture->hub); /* nothing to wait for */
    for (int i = 1; i <= 200; i++) {
        for (int64_t revision = 1; revision <= 3; revision++) /* some replace each other */
            publish(fixture, job_of((uint32_t)i, JOB_RUNNING, revision));
        hub_flush(fixture->hub);
        assert_int_equal(atomic_load(&listener.wakes), i);
        assert_int_equal(watcher_next(listener.watcher, &fixture->arena, &job), WATCH_CHANGE);
        assert_int_equal(job.revision, 3);
        assert_int_equal(watcher_next(listener.watcher, &fixture->arena, &job), WATCH_NOTHING);
    }
    close_all(&listener, 1);
}

/* It reads the store after it came, and would see the past behind it. */
static void a_watcher_hears_nothing_that_was_told_before_it_came(void **state)
{
    struct fixture *fixture = *state;
    static struct gate gate;
    struct listener listener;
    hub_observe(fixture->hub, pass_gate, &gate);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&gate.entered, 1); /* the thread stands; the next waits in the line */
    publish(fixture, job_of(1, JOB_RUNNING, 2));
    struct watch_scope scope = {.owner = STR("alice")};
    listen_to(fixture, &listener, &scope);
    publish(fixture, job_of(1, JOB_CANCELLED, 3));
    atomic_store(&gate.is_open, true);
    drain(fixture);
    assert_string_equal(taken(fixture, &listener), "X3 ");
    close_all(&listener, 1);
}

static void an_empty_hub_ends(void **state)
{
    (void)state;
    hub_free(NULL);
    watcher_close(NULL);
    struct hub *hub = hub_new();
    struct job job = job_of(1, JOB_QUEUED, 1);
    for (int i = 0; i < 100; i++)
        hub_publish(hub, &job);
    hub_free(hub); /* also with changes in the line */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_observer_sees_every_state_until_it_ends, begin, end),
        cmocka_unit_test_setup_teardown(ending_the_observer_waits_for_its_call, begin, end),
        cmocka_unit_test_setup_teardown(progress_does_not_pile_up_before_a_slow_thread, begin, end),
        cmocka_unit_test_setup_teardown(a_flush_returns_when_all_was_handed_out_and_woken, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_watcher_hears_nothing_that_was_told_before_it_came, begin,
                                        end),
        cmocka_unit_test(an_empty_hub_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
