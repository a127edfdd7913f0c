/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_kit.h.
 */
#include "tests/store/store_kit.h"

#include "base/mem.h"

enum { WAIT_MS = 10000, POLL_US = 200 };

const struct actor somebody = {.name = {"somebody", 8}, .address = {"192.0.2.1", 9}};

static int64_t test_clock_now(const struct clock *base)
{
    struct test_clock *clock = CONTAINER_OF(base, struct test_clock, base);
    return (int64_t)atomic_load(&clock->now_ms);
}

static int64_t test_clock_steady(const struct clock *base)
{
    struct test_clock *clock = CONTAINER_OF(base, struct test_clock, base);
    return (int64_t)atomic_load(&clock->steady_ms);
}

void test_clock_init(struct test_clock *clock)
{
    clock->base = (struct clock){.now_ms = test_clock_now, .steady_ms = test_clock_steady};
    atomic_init(&clock->now_ms, 1700000000000);
    atomic_init(&clock->steady_ms, 1000);
}

void test_clock_advance(struct test_clock *clock, int64_t ms)
{
    (void)atomic_fetch_add(&clock->now_ms, ms);
    (void)atomic_fetch_add(&clock->steady_ms, ms);
}

void test_clock_set_by(struct test_clock *clock, int64_t ms)
{
    (void)atomic_fetch_add(&clock->now_ms, ms);
}

static void ignore(void *target)
{
    (void)target;
}

static void start(struct world *world)
{
    struct waker waker = {ignore, ignore, NULL};
    struct watch_scope everything = {0};
    world->store = world->store_case->make(&world->options, &world->clock.base, world->hub);
    world->watcher = hub_watch(world->hub, &everything, waker);
}

int world_begin(void **state)
{
    struct world *world = mem_new(struct world);
    world->store_case = *state;
    test_clock_init(&world->clock);
    world->hub = hub_new();
    world->options = store_options_default();
    world->options.retry.jitter_percent = 0;
    start(world);
    *state = world;
    return 0;
}

static void stop(struct world *world)
{
    watcher_close(world->watcher);
    store_free(world->store);
}

int world_end(void **state)
{
    struct world *world = *state;
    stop(world);
    hub_free(world->hub);
    arena_done(&world->arena);
    free(world);
    return 0;
}

void world_restart(struct world *world)
{
    stop(world);
    start(world);
}

int64_t world_now(const struct world *world)
{
    return clock_now_ms(&world->clock.base);
}

enum watch_result world_next_change(struct world *world, struct job *out)
{
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    for (;;) {
        enum watch_result result = watcher_next(world->watcher, &world->arena, out);
        if (result != WATCH_NOTHING)
            return result;
        if (clock_monotonic_ms() > end_ms)
            fail_msg("no change within %d ms", WAIT_MS);
        struct timespec pause = {.tv_nsec = POLL_US * 1000};
        (void)nanosleep(&pause, NULL);
    }
}

struct job_draft draft_of(const char *owner, const char *request_id)
{
    return (struct job_draft){
        .owner = str_of(owner),
        .request_id = str_of(request_id),
        .spec = {.type = STR("trades"), .format = STR("csv")},
    };
}

struct job create_job(struct world *world, const char *owner)
{
    struct job job;
    struct job_draft draft = draft_of(owner, NULL);
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    return job;
}

struct job get_job(struct world *world, struct uuid id)
{
    struct job job;
    assert_ok(world, store_get(world->store, id, &world->arena, &job, &world->err));
    return job;
}

struct job claim_job(struct world *world, struct ticket *out_ticket)
{
    struct job job;
    bool is_found = false;
    assert_ok(world, store_claim(world->store, "worker-1", &world->arena, &job, out_ticket,
                                 &is_found, &world->err));
    assert_true(is_found);
    return job;
}

bool is_anything_due(struct world *world)
{
    struct job job;
    struct ticket ticket;
    bool is_found = false;
    bool is_mine = false;
    assert_ok(world, store_claim(world->store, "worker-1", &world->arena, &job, &ticket, &is_found,
                                 &world->err));
    if (is_found)
        assert_ok(world, store_release(world->store, &ticket, &is_mine, &world->err));
    return is_found;
}

void complete_job(struct world *world, const struct ticket *ticket, int64_t size)
{
    bool is_mine = false;
    char texts[] = "key trades-20250801-120000.csv text/csv e3b0"; /* overwritten below */
    struct job_file file = {
        .key = {texts, 3},
        .name = {texts + 4, 26},
        .content_type = {texts + 31, 8},
        .sha256 = {texts + 40, 4},
        .size = size,
        .rows = 7,
    };
    struct job_progress progress = {.phase = PHASE_STORING, .rows_done = 7, .bytes_written = size};
    struct job_warnings warnings = {.cells_guarded = 2};
    assert_ok(world, store_complete(world->store, ticket, &file, &progress, &warnings, &is_mine,
                                    &world->err));
    assert_true(is_mine);
    memset(texts, '#', sizeof texts - 1);
}

void fail_job(struct world *world, const struct ticket *ticket, enum err_code code)
{
    bool is_mine = false;
    struct err why;
    (void)err_set(&why, code, "it failed with %s", err_code_name(code));
    struct job job;
    assert_ok(world,
              store_fail(world->store, ticket, &why, &world->arena, &job, &is_mine, &world->err));
    assert_true(is_mine);
    assert_true(uuid_equal(job.id, ticket->id));
    assert_int_equal(job.error.code, code);
}

struct subscribers_change tell(struct world *world, const struct subscriber *list, size_t count)
{
    const struct subscribers told = {list, count};
    struct subscribers_change change = {0};
    assert_ok(world, store_set_webhooks(world->store, &told, &world->arena, &change, &world->err));
    return change;
}

size_t rescue_jobs(struct world *world)
{
    const struct job *jobs = NULL;
    size_t count = 0;
    assert_ok(world, store_rescue(world->store, &world->arena, &jobs, &count, &world->err));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(jobs[i].error.code, ERR_WORKER_LOST);
    return count;
}

bool expire_job(struct world *world, struct uuid id)
{
    bool is_expired = false;
    assert_ok(world, store_expire(world->store, id, &is_expired, &world->err));
    return is_expired;
}

struct job job_in_state(struct world *world, const char *owner, enum job_state state)
{
    struct job job = create_job(world, owner);
    struct ticket ticket;
    if (state == JOB_CANCELLED)
        assert_ok(world, store_cancel(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                      &world->err));
    if (state == JOB_QUEUED || state == JOB_CANCELLED)
        return get_job(world, job.id);
    assert_true(uuid_equal(claim_job(world, &ticket).id, job.id));
    if (state == JOB_FAILED)
        fail_job(world, &ticket, ERR_SOURCE_DATA);
    if (state == JOB_COMPLETED || state == JOB_EXPIRED)
        complete_job(world, &ticket, 100);
    if (state == JOB_EXPIRED)
        (void)expire_job(world, job.id);
    return get_job(world, job.id);
}
