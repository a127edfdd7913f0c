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
struct player {
    struct world *world;
    pthread_barrier_t *begin;
    void (*act)(struct player *player);
    struct uuid id; /* what it is about */
    struct ticket ticket;
    const char *owner;
    bool is_ok;
    struct job job;
    struct err err;
    size_t count;
    struct arena arena;
};

static void *run_player(void *arg)
{
    struct player *player = arg;
    (void)pthread_barrier_wait(player->begin);
    player->act(player);
    return NULL;
}

/* Lets all of them act at the same time. */
static void act_together(struct player *players, size_t count)
{
    pthread_barrier_t begin;
    pthread_t *threads CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *threads);
    pthread_barrier_init(&begin, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        players[i].begin = &begin;
        thread_start(&threads[i], run_player, &players[i]);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&begin);
}

static void free_players(struct player *players, size_t count)
{
    for (size_t i = 0; i < count; i++)
        arena_done(&players[i].arena);
}

static void do_create(struct player *player)
{
    struct job_draft draft = draft_of(player->owner, NULL);
    player->is_ok = store_create(player->world->store, &draft, &player->arena, &player->job, NULL,
                                 &player->err);
}

static void of_64_creates_at_once_5_are_accepted(void **state)
{
    struct player players[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        players[i] = (struct player){.world = *state, .act = do_create, .owner = "alice"};
    act_together(players, THREADS);
    size_t accepted = 0;
    size_t refused = 0;
    for (size_t i = 0; i < THREADS; i++) {
        accepted += players[i].is_ok;
        refused += !players[i].is_ok && players[i].err.code == ERR_LIMIT;
    }
    free_players(players, THREADS);
    assert_int_equal(accepted, 5);
    assert_int_equal(refused, 59);
}

static void do_create_with_request_id(struct player *player)
{
    struct job_draft draft = draft_of("alice", "the-same");
    player->is_ok = store_create(player->world->store, &draft, &player->arena, &player->job, NULL,
                                 &player->err);
}

static void one_request_id_makes_one_job_also_at_once(void **state)
{
    struct world *world = *state;
    struct player players[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        players[i] = (struct player){.world = world, .act = do_create_with_request_id};
    act_together(players, THREADS);
    size_t same = 0;
    for (size_t i = 0; i < THREADS; i++)
        same += players[i].is_ok && uuid_equal(players[i].job.id, players[0].job.id);
    free_players(players, THREADS);
    assert_int_equal(same, THREADS);
    struct job_query query = {.limit = 10};
    const struct job *jobs = NULL;
    size_t count = 0;
    assert_ok(world, store_list(world->store, &query, &world->arena, &jobs, &count, &world->err));
    assert_int_equal(count, 1);
}

static void do_claim_all(struct player *player)
{
    bool is_found = true;
    player->is_ok = true;
    while (player->is_ok && is_found) {
        struct ticket ticket;
        player->is_ok = store_claim(player->world->store, "w", &player->arena, &player->job,
                                    &ticket, &is_found, &player->err);
        player->count += is_found;
        if (is_found)
            player->is_ok = player->job.attempt == 1;
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
    struct player players[CLAIMERS];
    for (size_t i = 0; i < CLAIMERS; i++)
        players[i] = (struct player){.world = world, .act = do_claim_all};
    act_together(players, CLAIMERS);
    size_t claimed = 0;
    size_t ok = 0;
    for (size_t i = 0; i < CLAIMERS; i++) {
        claimed += players[i].count;
        ok += players[i].is_ok;
    }
    free_players(players, CLAIMERS);
    assert_int_equal(claimed, JOBS);
    assert_int_equal(ok, CLAIMERS);
}

static void do_cancel(struct player *player)
{
    player->is_ok = store_cancel(player->world->store, player->id, &somebody, &player->arena,
                                 &player->job, NULL, &player->err);
}

static void do_complete(struct player *player)
{
    struct job_file file = {.key = STR("k"), .size = 1};
    struct job_progress progress = {0};
    struct job_warnings warnings = {0};
    bool is_mine = false;
    player->is_ok = store_complete(player->world->store, &player->ticket, &file, &progress,
                                   &warnings, &is_mine, &player->err) &&
                    is_mine;
}

static void do_fail(struct player *player)
{
    struct err why;
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    bool is_mine = false;
    (void)err_set(&why, ERR_SOURCE_DATA, "no");
    player->is_ok = store_fail(player->world->store, &player->ticket, &why, &arena, &job, &is_mine,
                               &player->err) &&
                    is_mine;
}

static void of_those_who_end_a_job_one_wins(void **state)
{
    static void (*const acts[])(struct player * player) = {do_cancel, do_complete, do_fail,
                                                           do_complete};
    static const enum job_state ends[] = {JOB_CANCELLED, JOB_COMPLETED, JOB_FAILED, JOB_COMPLETED};
    struct world *world = *state;
    for (int round = 0; round < 100; round++) {
        struct player players[COUNT_OF(acts)];
        struct ticket ticket;
        struct job job = create_job(world, "alice");
        (void)claim_job(world, &ticket);
        for (size_t i = 0; i < COUNT_OF(acts); i++)
            players[i] =
                (struct player){.world = world, .act = acts[i], .id = job.id, .ticket = ticket};
        act_together(players, COUNT_OF(acts));
        job = get_job(world, job.id);
        size_t winners = 0;
        for (size_t i = 0; i < COUNT_OF(acts); i++) {
            winners += players[i].is_ok;
            assert_true(!players[i].is_ok || job.state == ends[i]);
        }
        free_players(players, COUNT_OF(acts));
        assert_int_equal(winners, 1);
    }
}

static void do_open(struct player *player)
{
    int64_t lease = 0;
    player->is_ok = store_download_open(player->world->store,
                                        &(struct download_request){player->id, 1, 0, somebody},
                                        &player->arena, &player->job, &lease, &player->err);
}

static void of_downloads_at_once_one_is_served(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    int64_t token = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    assert_int_equal(token, 1);
    struct player players[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        players[i] = (struct player){.world = world, .act = do_open, .id = job.id};
    act_together(players, THREADS);
    size_t served = 0;
    size_t busy = 0;
    for (size_t i = 0; i < THREADS; i++) {
        served += players[i].is_ok;
        busy += !players[i].is_ok && players[i].err.code == ERR_BUSY;
    }
    free_players(players, THREADS);
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
    assert_ok(world,
              store_retry(world->store, jobs[0].id, &somebody, &world->arena, &job, &world->err));
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
    assert_ok(world, store_create(store, &draft, &world->arena, &job, NULL, &world->err));
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

static void do_deliver_all(struct player *player)
{
    const struct delivery_outcome delivered = {.state = DELIVERY_DELIVERED};
    struct store *store = player->world->store;
    size_t count = 1;
    player->is_ok = true;
    while (player->is_ok && count) {
        const struct delivery *deliveries = NULL;
        player->is_ok =
            store_claim_deliveries(store, 3, &player->arena, &deliveries, &count, &player->err);
        for (size_t i = 0; player->is_ok && i < count; i++) {
            bool is_mine = false;
            player->is_ok =
                store_settle_delivery(store, &deliveries[i], &delivered, &is_mine, &player->err);
            player->count += is_mine;
        }
    }
}

static void each_delivery_is_claimed_once_whoever_asks(void **state)
{
    enum { SENDERS = 8, JOBS = 40 };
    struct world *world = *state;
    const struct subscriber told[] = {{.url = STR("https://example.org/a")},
                                      {.url = STR("https://example.org/b")}};
    const struct delivery_query all = {.limit = 1000};
    const struct delivery *deliveries = NULL;
    struct player players[SENDERS];
    size_t sum = 0;
    size_t count = 0;
    (void)tell(world, told, COUNT_OF(told));
    for (int i = 0; i < JOBS; i++)
        (void)job_in_state(world, "alice", JOB_CANCELLED);
    for (size_t i = 0; i < SENDERS; i++)
        players[i] = (struct player){.world = world, .act = do_deliver_all};
    act_together(players, SENDERS);
    for (size_t i = 0; i < SENDERS; i++)
        sum += players[i].is_ok ? players[i].count : 0;
    free_players(players, SENDERS);
    assert_int_equal(sum, JOBS * COUNT_OF(told));
    assert_ok(world, store_list_deliveries(world->store, &all, &world->arena, &deliveries, &count,
                                           &world->err));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(deliveries[i].state, DELIVERY_DELIVERED);
        assert_int_equal(deliveries[i].attempt, 1);
    }
}

const struct store_test suite_threads[] = {
    STORE_TEST(of_64_creates_at_once_5_are_accepted),
    STORE_TEST(one_request_id_makes_one_job_also_at_once),
    STORE_TEST(each_job_is_claimed_once),
    STORE_TEST(of_those_who_end_a_job_one_wins),
    STORE_TEST(of_downloads_at_once_one_is_served),
    STORE_TEST(each_delivery_is_claimed_once_whoever_asks),
    STORE_TEST(a_wait_ends_when_there_may_be_work),
    STORE_TEST(a_wait_returns_at_once_when_a_job_is_due),
    STORE_TEST(a_wait_ends_after_its_time),
    STORE_TEST(a_wait_for_a_later_retry_sleeps_and_ends_after_its_time),
    STORE_TEST(a_wait_ends_when_a_retry_becomes_due),
    {0},
};
