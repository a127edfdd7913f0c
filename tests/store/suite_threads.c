/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that meet: limits, request ids, claims and settling from many threads at once; waiting.
 * Threads only note what they were answered; cmocka's asserts belong to the main thread.
 */
#include "base/mem.h"
#include "base/thread.h"
#include "tests/store/store_kit.h"

enum { THREADS = 64 };

/* What one thread of a test does, and what came of it. */
struct actor {
    struct world *world;
    pthread_barrier_t *begin;
    void (*act)(struct actor *actor);
    struct uuid id; /* what it is about */
    struct ticket ticket;
    const char *owner;
    bool is_ok;
    struct job job;
    struct err err;
    size_t count;
    struct arena arena;
};

static void *run_actor(void *arg)
{
    struct actor *actor = arg;
    (void)pthread_barrier_wait(actor->begin);
    actor->act(actor);
    return NULL;
}

/* Lets all of them act at the same time. */
static void act_together(struct actor *actors, size_t count)
{
    pthread_barrier_t begin;
    pthread_t *threads CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *threads);
    pthread_barrier_init(&begin, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        actors[i].begin = &begin;
        thread_start(&threads[i], run_actor, &actors[i]);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&begin);
}

static void free_actors(struct actor *actors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        arena_done(&actors[i].arena);
}

static void do_create(struct actor *actor)
{
    struct job_draft draft = draft_of(actor->owner, NULL);
    actor->is_ok =
        store_create(actor->world->store, &draft, &actor->arena, &actor->job, &actor->err);
}

static void of_64_creates_at_once_5_are_accepted(void **state)
{
    struct actor actors[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        actors[i] = (struct actor){.world = *state, .act = do_create, .owner = "alice"};
    act_together(actors, THREADS);
    size_t accepted = 0;
    size_t refused = 0;
    for (size_t i = 0; i < THREADS; i++) {
        accepted += actors[i].is_ok;
        refused += !actors[i].is_ok && actors[i].err.code == ERR_LIMIT;
    }
    free_actors(actors, THREADS);
    assert_int_equal(accepted, 5);
    assert_int_equal(refused, 59);
}

static void do_create_with_request_id(struct actor *actor)
{
    struct job_draft draft = draft_of("alice", "the-same");
    actor->is_ok =
        store_create(actor->world->store, &draft, &actor->arena, &actor->job, &actor->err);
}

static void one_request_id_makes_one_job_also_at_once(void **state)
{
    struct world *world = *state;
    struct actor actors[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        actors[i] = (struct actor){.world = world, .act = do_create_with_request_id};
    act_together(actors, THREADS);
    size_t same = 0;
    for (size_t i = 0; i < THREADS; i++)
        same += actors[i].is_ok && uuid_equal(actors[i].job.id, actors[0].job.id);
    free_actors(actors, THREADS);
    assert_int_equal(same, THREADS);
    struct job_query query = {.limit = 10};
    const struct job *jobs = NULL;
    size_t count = 0;
    assert_ok(world, store_list(world->store, &query, &world->arena, &jobs, &count, &world->err));
    assert_int_equal(count, 1);
}

static void do_claim_all(struct actor *actor)
{
    bool is_found = true;
    actor->is_ok = true;
    while (actor->is_ok && is_found) {
        struct ticket ticket;
        actor->is_ok = store_claim(actor->world->store, "w", &actor->arena, &actor->job, &ticket,
                                   &is_found, &actor->err);
        actor->count += is_found;
        if (is_found)
            actor->is_ok = actor->job.attempt == 1;
    }
}

static void each_job_is_claimed_once(void **state)
{
    enum { CLAIMERS = 8, JOBS = 300 };
    struct world *world = *state;
    char owner[32];
    for (int i = 0; i < JOBS; i++) {
        (void)snprintf(owner, sizeof owner, "owner-%d", i / 5);
        (void)create_job(world, owner);
    }
    struct actor actors[CLAIMERS];
    for (size_t i = 0; i < CLAIMERS; i++)
        actors[i] = (struct actor){.world = world, .act = do_claim_all};
    act_together(actors, CLAIMERS);
    size_t claimed = 0;
    size_t ok = 0;
    for (size_t i = 0; i < CLAIMERS; i++) {
        claimed += actors[i].count;
        ok += actors[i].is_ok;
    }
    free_actors(actors, CLAIMERS);
    assert_int_equal(claimed, JOBS);
    assert_int_equal(ok, CLAIMERS);
}

static void do_cancel(struct actor *actor)
{
    actor->is_ok =
        store_cancel(actor->world->store, actor->id, &actor->arena, &actor->job, &actor->err);
}

static void do_complete(struct actor *actor)
{
    struct job_file file = {.key = STR("k"), .size = 1};
    struct job_progress progress = {0};
    struct job_warnings warnings = {0};
    bool is_mine = false;
    actor->is_ok = store_complete(actor->world->store, &actor->ticket, &file, &progress, &warnings,
                                  &is_mine, &actor->err) &&
                   is_mine;
}

static void do_fail(struct actor *actor)
{
    struct err why;
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    bool is_mine = false;
    (void)err_set(&why, ERR_SOURCE_DATA, "no");
    actor->is_ok = store_fail(actor->world->store, &actor->ticket, &why, &arena, &job, &is_mine,
                              &actor->err) &&
                   is_mine;
}

static void of_those_who_end_a_job_one_wins(void **state)
{
    static void (*const acts[])(struct actor * actor) = {do_cancel, do_complete, do_fail,
                                                         do_complete};
    static const enum job_state ends[] = {JOB_CANCELLED, JOB_COMPLETED, JOB_FAILED, JOB_COMPLETED};
    struct world *world = *state;
    for (int round = 0; round < 100; round++) {
        struct actor actors[COUNT_OF(acts)];
        struct ticket ticket;
        struct job job = create_job(world, "alice");
        (void)claim_job(world, &ticket);
        for (size_t i = 0; i < COUNT_OF(acts); i++)
            actors[i] =
                (struct actor){.world = world, .act = acts[i], .id = job.id, .ticket = ticket};
        act_together(actors, COUNT_OF(acts));
        job = get_job(world, job.id);
        size_t winners = 0;
        for (size_t i = 0; i < COUNT_OF(acts); i++) {
            winners += actors[i].is_ok;
            assert_true(!actors[i].is_ok || job.state == ends[i]);
        }
        free_actors(actors, COUNT_OF(acts));
        assert_int_equal(winners, 1);
    }
}

static void do_open(struct actor *actor)
{
    int64_t lease = 0;
    actor->is_ok = store_download_open(actor->world->store, actor->id, 1, 0, &actor->arena,
                                       &actor->job, &lease, &actor->err);
}

static void of_downloads_at_once_one_is_served(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    int64_t token = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &token, &world->err));
    assert_int_equal(token, 1);
    struct actor actors[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        actors[i] = (struct actor){.world = world, .act = do_open, .id = job.id};
    act_together(actors, THREADS);
    size_t served = 0;
    size_t busy = 0;
    for (size_t i = 0; i < THREADS; i++) {
        served += actors[i].is_ok;
        busy += !actors[i].is_ok && actors[i].err.code == ERR_BUSY;
    }
    free_actors(actors, THREADS);
    assert_int_equal(served, 1);
    assert_int_equal(busy, THREADS - 1);
}

/* ---- Waiting ---- */

enum { LONG_MS = 60000, SOON_MS = 30000 };

struct sleeper {
    struct store *store;
    pthread_t thread;
    atomic_bool is_awake;
};

static void *sleep_in_store(void *arg)
{
    struct sleeper *sleeper = arg;
    store_wait(sleeper->store, LONG_MS);
    atomic_store(&sleeper->is_awake, true);
    return NULL;
}

static void pause_ms(int64_t ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void cause_create(struct world *world)
{
    (void)create_job(world, "alice");
}

static void cause_wake(struct world *world)
{
    store_wake(world->store);
}

static void cause_retry(struct world *world)
{
    struct job_query query = {.states = BIT(JOB_CANCELLED), .limit = 1};
    const struct job *jobs = NULL;
    size_t count = 0;
    struct job job;
    assert_ok(world, store_list(world->store, &query, &world->arena, &jobs, &count, &world->err));
    assert_int_equal(count, 1);
    assert_ok(world, store_retry(world->store, jobs[0].id, &world->arena, &job, &world->err));
}

static void a_wait_ends_when_there_may_be_work(void **state)
{
    static void (*const causes[])(struct world * world) = {cause_create, cause_wake, cause_retry};
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(causes); i++) {
        world_restart(world);
        (void)job_in_state(world, "bob", JOB_CANCELLED);
        struct sleeper sleeper = {.store = world->store};
        int64_t begin_ms = clock_monotonic_ms();
        thread_start(&sleeper.thread, sleep_in_store, &sleeper);
        pause_ms(20); /* mostly asleep by now; all is well if it is not, but for a wake */
        assert_false(atomic_load(&sleeper.is_awake));
        causes[i](world);
        while (causes[i] == cause_wake && !atomic_load(&sleeper.is_awake)) {
            store_wake(world->store); /* wakes who waits, not who is about to */
            pause_ms(1);
        }
        pthread_join(sleeper.thread, NULL);
        assert_in_range(clock_monotonic_ms() - begin_ms, 0, SOON_MS);
    }
}

static void a_wait_returns_at_once_when_a_job_is_due(void **state)
{
    struct world *world = *state;
    (void)create_job(world, "alice");
    int64_t begin_ms = clock_monotonic_ms();
    store_wait(world->store, LONG_MS);
    assert_in_range(clock_monotonic_ms() - begin_ms, 0, SOON_MS);
}

static void a_wait_ends_after_its_time(void **state)
{
    struct world *world = *state;
    int64_t begin_ms = clock_monotonic_ms();
    store_wait(world->store, 0);
    store_wait(world->store, 30);
    assert_in_range(clock_monotonic_ms() - begin_ms, 29, SOON_MS);
}

static int64_t cpu_ms(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void a_wait_for_a_later_retry_sleeps_and_ends_after_its_time(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    world->options.retry.base_ms = LONG_MS;
    world->options.retry.cap_ms = LONG_MS;
    world_restart(world);
    (void)create_job(world, "alice");
    (void)claim_job(world, &ticket);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT); /* due in a minute */
    int64_t begin_ms = clock_monotonic_ms();
    int64_t used_ms = cpu_ms();
    store_wait(world->store, 300);
    used_ms = cpu_ms() - used_ms;
    assert_in_range(clock_monotonic_ms() - begin_ms, 299, SOON_MS);
    assert_in_range(used_ms, 0, 100);
}

static void a_wait_ends_when_a_retry_becomes_due(void **state)
{
    struct world *world = *state;
    world->options.retry.base_ms = 20; /* 40 after the first attempt, by the system's clock */
    struct store *store = world->store_case->make(&world->options, &clock_system, NULL);
    struct job_draft draft = draft_of("alice", NULL);
    struct job job;
    struct ticket ticket;
    struct err why;
    bool is_found = false;
    bool is_mine = false;
    (void)err_set(&why, ERR_SOURCE_CONFLICT, "not now");
    assert_ok(world, store_create(store, &draft, &world->arena, &job, &world->err));
    assert_ok(world, store_claim(store, "w", &world->arena, &job, &ticket, &is_found, &world->err));
    int64_t begin_ms = clock_monotonic_ms();
    assert_ok(world, store_fail(store, &ticket, &why, &world->arena, &job, &is_mine, &world->err));
    do {
        store_wait(store, LONG_MS);
        assert_ok(world,
                  store_claim(store, "w", &world->arena, &job, &ticket, &is_found, &world->err));
    } while (!is_found);
    assert_in_range(clock_monotonic_ms() - begin_ms, 35, SOON_MS);
    assert_int_equal(job.attempt, 2);
    store_free(store);
}

const struct store_test suite_threads[] = {
    STORE_TEST(of_64_creates_at_once_5_are_accepted),
    STORE_TEST(one_request_id_makes_one_job_also_at_once),
    STORE_TEST(each_job_is_claimed_once),
    STORE_TEST(of_those_who_end_a_job_one_wins),
    STORE_TEST(of_downloads_at_once_one_is_served),
    STORE_TEST(a_wait_ends_when_there_may_be_work),
    STORE_TEST(a_wait_returns_at_once_when_a_job_is_due),
    STORE_TEST(a_wait_ends_after_its_time),
    STORE_TEST(a_wait_for_a_later_retry_sleeps_and_ends_after_its_time),
    STORE_TEST(a_wait_ends_when_a_retry_becomes_due),
    {0},
};
