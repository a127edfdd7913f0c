/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub: who is told of what, in which order, how often they are woken, and that nobody who is
 * slow costs the others anything.
 */
#include "tests/unit/queue_hub_kit.h"

#include <malloc.h>

enum { MANY = 1000 };

static void changes_come_in_order_and_progress_is_thinned(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.has_id = true, .id = id_of(1)};
    listen_to(fixture, &listener, &scope);
    assert_string_equal(taken(fixture, &listener), "");
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    for (int64_t revision = 2; revision < 500; revision++)
        publish(fixture, job_of(1, JOB_RUNNING, revision));
    publish(fixture, job_of(1, JOB_QUEUED, 500));
    publish(fixture, job_of(1, JOB_RUNNING, 501));
    publish(fixture, job_of(1, JOB_COMPLETED, 502));
    struct job gone = job_of(1, JOB_COMPLETED, 502);
    hub_publish_gone(fixture->hub, &gone);
    drain(fixture);
    assert_string_equal(taken(fixture, &listener), "Q1 R499 Q500 R501 C502 gone ");
    assert_string_equal(taken(fixture, &listener), "");
    close_all(&listener, 1);
}

static void progress_of_two_attempts_is_two_changes(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.has_id = true, .id = id_of(1)};
    listen_to(fixture, &listener, &scope);
    struct job second = job_of(1, JOB_RUNNING, 2);
    second.attempt = 2;
    publish(fixture, job_of(1, JOB_RUNNING, 1));
    publish(fixture, second);
    drain(fixture);
    assert_string_equal(taken(fixture, &listener), "R1 R2 ");
    close_all(&listener, 1);
}

static void progress_of_jobs_that_run_side_by_side_is_thinned(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.owner = STR("alice")};
    listen_to(fixture, &listener, &scope);
    for (int64_t revision = 1; revision <= 200; revision++) {
        for (uint32_t number = 1; number <= 3; number++)
            publish(fixture, job_of(number, JOB_RUNNING, revision));
        drain(fixture); /* so that it is the watcher that thins */
    }
    assert_string_equal(taken(fixture, &listener), "R200 R200 R200 ");
    close_all(&listener, 1);
}

static void each_scope_is_told_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        struct watch_scope scope;
        const char *expected;
    } table[] = {
        {{.has_id = true, .id = id_of(1)}, "Q1 X4 "},
        {{.has_id = true, .id = id_of(2)}, "Q2 "},
        {{.has_id = true, .id = id_of(1 + (1U << 16))}, ""},
        {{.owner = STR("alice")}, "Q1 Q2 X4 "},
        {{.owner = STR("bob")}, "Q3 "},
        {{.owner = STR("carol")}, ""},
        {{0}, "Q1 Q2 Q3 X4 "},
    };
    struct listener listeners[COUNT_OF(table)];
    for (size_t i = 0; i < COUNT_OF(table); i++)
        listen_to(fixture, &listeners[i], &table[i].scope);
    struct job bobs = job_of(3, JOB_QUEUED, 3);
    bobs.owner = STR("bob");
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    publish(fixture, job_of(2, JOB_QUEUED, 2));
    publish(fixture, bobs);
    publish(fixture, job_of(1, JOB_CANCELLED, 4));
    drain(fixture);
    struct listener *all = &listeners[COUNT_OF(table) - 1];
    for (size_t i = 0; i + 1 < COUNT_OF(table); i++)
        assert_string_equal(taken(fixture, &listeners[i]), table[i].expected);
    /* The last one hears the sentinel of drain() as well. */
    assert_string_equal(taken(fixture, all), "Q1 Q2 Q3 X4 Q0 ");
    close_all(listeners, COUNT_OF(table));
}

static void a_scope_holds_the_owner_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    char owner[] = "alice"; /* overwritten below */
    struct watch_scope scope = {.owner = str_of(owner)};
    listen_to(fixture, &listener, &scope);
    memset(owner, 'x', sizeof owner - 1);
    publish(fixture, job_of(1, JOB_QUEUED, 1));
    drain(fixture);
    assert_string_equal(taken(fixture, &listener), "Q1 ");
    close_all(&listener, 1);
}

static void a_change_holds_the_job_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.has_id = true, .id = id_of(1)};
    listen_to(fixture, &listener, &scope);
    char message[] = "no such column"; /* overwritten below */
    struct job job = job_of(1, JOB_FAILED, 1);
    job.error = (struct job_error){ERR_SOURCE_SCHEMA, str_of(message)};
    publish(fixture, job);
    memset(message, 'x', sizeof message - 1);
    wait_for(&listener.wakes, 1);
    struct job out;
    assert_int_equal(watcher_next(listener.watcher, &fixture->arena, &out), WATCH_CHANGE);
    close_all(&listener, 1);
    assert_true(str_equal(out.error.message, STR("no such column")));
}

static void wakes_are_few(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.has_id = true, .id = id_of(1)};
    listen_to(fixture, &listener, &scope);
    for (int64_t revision = 1; revision <= 100; revision++)
        publish(fixture, job_of(1, JOB_RUNNING, revision));
    drain(fixture);                                    /* and so have all wakes been given */
    assert_int_equal(atomic_load(&listener.wakes), 1); /* nothing was taken since */
    assert_string_equal(taken(fixture, &listener), "R100 ");
    publish(fixture, job_of(1, JOB_COMPLETED, 101));
    wait_for(&listener.wakes, 2);
    assert_string_equal(taken(fixture, &listener), "C101 ");
    close_all(&listener, 1);
}

static void who_never_takes_is_overrun_and_delays_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct listener slow;
    struct listener quick;
    struct watch_scope everything = {.owner = STR("alice")};
    struct watch_scope one = {.has_id = true, .id = id_of(7)};
    listen_to(fixture, &slow, &everything);
    listen_to(fixture, &quick, &one);

    /* Progress alone never overruns: the newest stands for all. */
    for (int64_t revision = 1; revision <= 20000; revision++)
        publish(fixture, job_of(1, JOB_RUNNING, revision));
    drain(fixture);
    assert_string_equal(taken(fixture, &slow), "R20000 ");

    size_t before = mallinfo2().uordblks;
    for (uint32_t number = 100; number < 100 + 20 * HUB_PENDING_MAX; number++)
        publish(fixture, job_of(number, JOB_QUEUED, number));
    publish(fixture, job_of(7, JOB_COMPLETED, 30000));
    drain(fixture);
    assert_string_equal(taken(fixture, &quick), "C30000 ");
    size_t after = mallinfo2().uordblks; /* a sanitizer's heap tells 0 */
    assert_true(after < before + 512 * 1024);
    int wakes = atomic_load(&slow.wakes);
    assert_string_equal(taken(fixture, &slow), "overrun");
    publish(fixture, job_of(7, JOB_COMPLETED, 30001));
    drain(fixture);
    assert_string_equal(taken(fixture, &slow), "overrun"); /* and stays so */
    assert_int_equal(atomic_load(&slow.wakes), wakes);
    close_all(&slow, 1);
    close_all(&quick, 1);
}

static void as_many_changes_as_the_bound_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct listener listener;
    struct watch_scope scope = {.owner = STR("alice")};
    listen_to(fixture, &listener, &scope);
    for (uint32_t number = 0; number < HUB_PENDING_MAX; number++)
        publish(fixture, job_of(number, JOB_QUEUED, number));
    drain(fixture);
    for (uint32_t number = 0; number < HUB_PENDING_MAX; number++) {
        struct job job;
        assert_int_equal(watcher_next(listener.watcher, &fixture->arena, &job), WATCH_CHANGE);
        assert_int_equal(job.revision, number);
    }
    assert_string_equal(taken(fixture, &listener), "");
    close_all(&listener, 1);
}

static void a_thousand_watchers_of_one_job_all_see_it_complete(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listeners CLEANUP(mem_free_ptr) = mem_new_array(MANY, sizeof *listeners);
    struct watch_scope scope = {.has_id = true, .id = id_of(1)};
    for (size_t i = 0; i < MANY; i++)
        listen_to(fixture, &listeners[i], &scope);
    int64_t begin_ms = clock_monotonic_ms();
    publish(fixture, job_of(1, JOB_RUNNING, 1));
    publish(fixture, job_of(1, JOB_COMPLETED, 2));
    for (size_t i = 0; i < MANY; i++) {
        wait_for(&listeners[i].wakes, 1);
        struct job job = {0};
        while (job.state != JOB_COMPLETED)
            (void)watcher_next(listeners[i].watcher, &fixture->arena, &job);
    }
    int64_t took_ms = clock_monotonic_ms() - begin_ms;
    print_message("%d watchers of one job: %lld ms\n", MANY, (long long)took_ms);
    assert_in_range(took_ms, 0, WAIT_MS);
    close_all(listeners, MANY);
}

static int64_t time_changes(struct fixture *fixture, uint32_t changes)
{
    int64_t begin_ms = clock_monotonic_ms();
    for (uint32_t i = 0; i < changes; i++)
        publish(fixture, job_of(i % 2, i % 4 < 2 ? JOB_RUNNING : JOB_QUEUED, i));
    drain(fixture);
    return clock_monotonic_ms() - begin_ms;
}

enum { OTHERS = 10000, CHANGES = 20000, OWNER_SIZE = 16 };

/* Changes of alice's jobs beside watchers of which none is concerned. */
static void assert_unconcerned(struct fixture *fixture, const struct watch_scope *scopes,
                               const char *what)
{
    struct listener *listeners CLEANUP(mem_free_ptr) = mem_new_array(OTHERS, sizeof *listeners);
    int64_t alone_ms = time_changes(fixture, CHANGES);
    size_t before = mallinfo2().uordblks; /* a sanitizer's heap tells 0 */
    for (uint32_t i = 0; i < OTHERS; i++)
        listen_to(fixture, &listeners[i], &scopes[i]);
    size_t each = (mallinfo2().uordblks - before) / OTHERS;
    int64_t beside_ms = time_changes(fixture, CHANGES);
    print_message("%d changes: %lld ms; beside %d watchers of other %s: %lld ms; each takes %zu "
                  "bytes\n",
                  CHANGES, (long long)alone_ms, OTHERS, what, (long long)beside_ms, each);
    assert_true(each < 1024);
    /* Looking at each takes 70 times as long. */
    assert_in_range(beside_ms, 0, 10 * alone_ms + 1000);
    for (size_t i = 0; i < OTHERS; i++)
        assert_int_equal(atomic_load(&listeners[i].wakes), 0);
    close_all(listeners, OTHERS);
}

static void watchers_of_other_jobs_cost_next_to_nothing(void **state)
{
    struct watch_scope *scopes CLEANUP(mem_free_ptr) = mem_new_array(OTHERS, sizeof *scopes);
    for (uint32_t i = 0; i < OTHERS; i++)
        scopes[i] = (struct watch_scope){.has_id = true, .id = id_of(1000 + i)};
    assert_unconcerned(*state, scopes, "jobs");
}

static void watchers_of_other_owners_cost_next_to_nothing(void **state)
{
    struct watch_scope *scopes CLEANUP(mem_free_ptr) = mem_new_array(OTHERS, sizeof *scopes);
    char(*owners)[OWNER_SIZE] CLEANUP(mem_free_ptr) = mem_new_array(OTHERS, OWNER_SIZE);
    for (uint32_t i = 0; i < OTHERS; i++) {
        (void)snprintf(owners[i], OWNER_SIZE, "owner-%u", i);
        scopes[i] = (struct watch_scope){.owner = str_of(owners[i])};
    }
    assert_unconcerned(*state, scopes, "owners");
}

/* ---- Threads that come and go ---- */

struct visitor {
    struct fixture *fixture;
    pthread_t thread;
    int opened;
    struct listener listener; /* one for all its watches: counts all releases */
    bool is_in_order;
};

static void *come_and_go(void *arg)
{
    struct visitor *visitor = arg;
    struct arena arena = {0};
    for (int i = 0; i < 500; i++) {
        struct watch_scope scope = {.has_id = i % 2, .id = id_of(1)};
        struct waker waker = {on_wake, on_release, &visitor->listener};
        struct watcher *watcher = hub_watch(visitor->fixture->hub, &scope, waker);
        int64_t revision = 0;
        for (int turn = 0; turn < i % 7; turn++) {
            struct job job;
            if (watcher_next(watcher, &arena, &job) != WATCH_CHANGE)
                continue;
            visitor->is_in_order = visitor->is_in_order && job.revision > revision;
            revision = job.revision;
        }
        watcher_close(watcher);
        visitor->opened++;
        arena_done(&arena);
    }
    return NULL;
}

static void watchers_may_come_and_go_at_any_time(void **state)
{
    struct fixture *fixture = *state;
    static struct visitor visitors[4];
    for (size_t i = 0; i < COUNT_OF(visitors); i++) {
        visitors[i].fixture = fixture;
        visitors[i].is_in_order = true;
        thread_start(&visitors[i].thread, come_and_go, &visitors[i]);
    }
    for (int64_t revision = 1; revision <= 5000; revision++)
        publish(fixture, job_of(1, revision % 2 ? JOB_RUNNING : JOB_QUEUED, revision));
    for (size_t i = 0; i < COUNT_OF(visitors); i++) {
        pthread_join(visitors[i].thread, NULL);
        wait_for(&visitors[i].listener.releases, visitors[i].opened);
        assert_int_equal(atomic_load(&visitors[i].listener.releases), visitors[i].opened);
        assert_true(visitors[i].is_in_order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_come_in_order_and_progress_is_thinned, begin, end),
        cmocka_unit_test_setup_teardown(progress_of_jobs_that_run_side_by_side_is_thinned, begin,
                                        end),
        cmocka_unit_test_setup_teardown(each_scope_is_told_of_its_own, begin, end),
        cmocka_unit_test_setup_teardown(a_scope_holds_the_owner_as_it_was, begin, end),
        cmocka_unit_test_setup_teardown(a_change_holds_the_job_as_it_was, begin, end),
        cmocka_unit_test_setup_teardown(wakes_are_few, begin, end),
        cmocka_unit_test_setup_teardown(who_never_takes_is_overrun_and_delays_nobody, begin, end),
        cmocka_unit_test_setup_teardown(as_many_changes_as_the_bound_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_thousand_watchers_of_one_job_all_see_it_complete, begin,
                                        end),
        cmocka_unit_test_setup_teardown(watchers_of_other_jobs_cost_next_to_nothing, begin, end),
        cmocka_unit_test_setup_teardown(watchers_of_other_owners_cost_next_to_nothing, begin, end),
        cmocka_unit_test_setup_teardown(watchers_may_come_and_go_at_any_time, begin, end),
        cmocka_unit_test_setup_teardown(progress_of_two_attempts_is_two_changes, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
