/* SPDX-License-Identifier: Apache-2.0
 *
 * When what a waker points to may go: release comes once, after the last wake, whoever closes and
 * whenever.
 */
#include "tests/unit/queue_hub_kit.h"

/* A target whose wake stands still until it is let go, and notes what comes in which order. */
struct target {
    struct watcher *watcher;
    bool closes_itself;
    atomic_int entered;
    atomic_bool may_go;
    atomic_int left;
    atomic_int releases;
    atomic_bool was_released_early; /* while it was awake, or before it was woken */
};

static void wake_slowly(void *arg)
{
    struct target *target = arg;
    (void)atomic_fetch_add(&target->entered, 1);
    if (target->closes_itself)
        watcher_close(target->watcher);
    while (!atomic_load(&target->may_go))
        pause_ms(1);
    if (atomic_load(&target->releases) > 0)
        atomic_store(&target->was_released_early, true);
    (void)atomic_fetch_add(&target->left, 1);
}

static void release(void *arg)
{
    struct target *target = arg;
    (void)atomic_fetch_add(&target->releases, 1);
}

static void watch(struct fixture *fixture, struct target *target, uint32_t number)
{
    struct watch_scope scope = {.has_id = true, .id = id_of(number)};
    target->watcher = hub_watch(fixture->hub, &scope, (struct waker){wake_slowly, release, target});
}

static void a_watch_closed_during_its_wake_is_released_after_it(void **state)
{
    struct fixture *fixture = *state;
    static struct target target;
    target = (struct target){0};
    watch(fixture, &target, 1);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&target.entered, 1);
    watcher_close(target.watcher); /* does not wait for the wake: it stands still */
    assert_int_equal(atomic_load(&target.releases), 0);
    atomic_store(&target.may_go, true);
    wait_for(&target.releases, 1);
    assert_false(atomic_load(&target.was_released_early));
    publish(fixture, job_of(1, JOB_CANCELLED, 2));
    drain(fixture);
    assert_int_equal(atomic_load(&target.entered), 1);
    assert_int_equal(atomic_load(&target.releases), 1);
}

static void a_watch_may_be_closed_by_its_own_wake(void **state)
{
    struct fixture *fixture = *state;
    static struct target target;
    target = (struct target){.closes_itself = true};
    atomic_store(&target.may_go, true);
    watch(fixture, &target, 1);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&target.releases, 1);
    assert_int_equal(atomic_load(&target.left), 1);
    assert_false(atomic_load(&target.was_released_early));
    publish(fixture, job_of(1, JOB_CANCELLED, 2));
    drain(fixture);
    assert_int_equal(atomic_load(&target.entered), 1);
    assert_int_equal(atomic_load(&target.releases), 1);
}

/* The first one's wake stands still; the second one's is due, and closed meanwhile. */
static void a_watch_closed_before_its_wake_is_released_without_it(void **state)
{
    struct fixture *fixture = *state;
    static struct target first;
    static struct target second;
    first = (struct target){0};
    second = (struct target){0};
    watch(fixture, &first, 1);
    watch(fixture, &second, 1);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&first.entered, 1);
    watcher_close(second.watcher);
    atomic_store(&first.may_go, true);
    wait_for(&second.releases, 1);
    assert_int_equal(atomic_load(&second.entered), 0);
    assert_int_equal(atomic_load(&second.releases), 1);
    watcher_close(first.watcher);
    wait_for(&first.releases, 1);
}

static void a_watch_that_was_never_woken_is_released_at_once(void **state)
{
    struct fixture *fixture = *state;
    static struct target target;
    target = (struct target){0};
    watch(fixture, &target, 1);
    watcher_close(target.watcher);
    assert_int_equal(atomic_load(&target.releases), 1);
    assert_int_equal(atomic_load(&target.entered), 0);
}

static void changes_that_nobody_took_go_with_the_watch(void **state)
{
    struct fixture *fixture = *state; /* a leak would be told of by the sanitizer */
    struct listener listener;
    struct watch_scope scope = {.owner = STR("alice")};
    listen_to(fixture, &listener, &scope);
    for (uint32_t number = 0; number < HUB_PENDING_MAX / 2; number++)
        publish(fixture, job_of(number, JOB_QUEUED, number));
    drain(fixture);
    close_all(&listener, 1);
}

/* The hub itself waits for a wake that stands still; whoever publishes does not. */
static void publishing_does_not_wait_for_a_wake(void **state)
{
    struct fixture *fixture = *state;
    static struct target target;
    target = (struct target){0};
    watch(fixture, &target, 1);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    wait_for(&target.entered, 1);
    for (uint32_t number = 2; number < 1000; number++) /* would never end */
        publish(fixture, job_of(number, JOB_QUEUED, 1));
    struct job job;
    assert_int_equal(watcher_next(target.watcher, &fixture->arena, &job), WATCH_CHANGE);
    atomic_store(&target.may_go, true);
    watcher_close(target.watcher);
    wait_for(&target.releases, 1);
    assert_false(atomic_load(&target.was_released_early));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_watch_closed_during_its_wake_is_released_after_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_watch_may_be_closed_by_its_own_wake, begin, end),
        cmocka_unit_test_setup_teardown(a_watch_closed_before_its_wake_is_released_without_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_watch_that_was_never_woken_is_released_at_once, begin,
                                        end),
        cmocka_unit_test_setup_teardown(changes_that_nobody_took_go_with_the_watch, begin, end),
        cmocka_unit_test_setup_teardown(publishing_does_not_wait_for_a_wake, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
