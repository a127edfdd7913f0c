/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log says of the end of a run, where the store left a call unanswered: one line, and the
 * right one, whether the call had done its work or not.
 */
#include "worker/settle.h"

#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { CAUGHT_SIZE = 4096 };

/* A store in memory whose first store_fail gets no answer. */
static struct store_ops faulty_ops;
static const struct store_ops *real_ops;
static bool does_work;
static int calls_left;

static bool fail_unanswered(struct store *store, const struct ticket *ticket, const struct err *why,
                            struct arena *arena, struct job *out, bool *out_is_mine,
                            struct err *err)
{
    bool is_answered = calls_left-- <= 0;
    bool is_ok = true;
    if (is_answered || does_work) /* in brackets, for cmocka has a macro of this name */
        is_ok = (real_ops->fail)(store, ticket, why, arena, out, out_is_mine, err);
    return is_ok && (is_answered || err_set(err, ERR_UNAVAILABLE, "no answer"));
}

struct world {
    struct store *store;
    struct arena arena;
    struct job job;
    struct ticket ticket;
    char caught[CAUGHT_SIZE];
};

static void world_open(struct world *world, int32_t max_attempts)
{
    struct store_options options = store_options_default();
    struct err err = {0};
    bool is_found = false;
    const struct job_draft draft = {.owner = STR("ann"),
                                    .request_id = STR("r 1"),
                                    .spec = {.type = STR("orders"), .format = STR("csv")}};
    *world = (struct world){.store = NULL};
    options.retry = (struct retry_policy){.max_attempts = max_attempts, .base_ms = 1, .cap_ms = 5};
    world->store = store_memory_new(&options, &clock_system, NULL);
    real_ops = world->store->ops;
    faulty_ops = *real_ops;
    faulty_ops.fail = fail_unanswered;
    world->store->ops = &faulty_ops;
    assert_true(store_create(world->store, &draft, &world->arena, &world->job, NULL, &err));
    assert_true(store_claim(world->store, "w", &world->arena, &world->job, &world->ticket,
                            &is_found, &err));
    assert_true(is_found);
}

static void world_close(struct world *world)
{
    store_free(world->store);
    arena_done(&world->arena);
}

/* Settles a failure and catches what the log says. */
static void settle(struct world *world, bool is_in_haste, enum stop_reason reason)
{
    atomic_bool haste = is_in_haste;
    struct err why;
    int real_stderr = dup(STDERR_FILENO);
    int fd = memfd_create("log", MFD_CLOEXEC);
    const struct settlement settlement = {.store = world->store,
                                          .job = &world->job,
                                          .ticket = &world->ticket,
                                          .started_ms = clock_monotonic_ms(),
                                          .is_in_haste = &haste};
    (void)err_set(&why, ERR_SOURCE_CONFLICT, "by chance");
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    (void)settle_failure(&settlement, reason, &why);
    assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
    ssize_t len = pread(fd, world->caught, sizeof world->caught - 1, 0);
    assert_true(len > 0);
    world->caught[len] = '\0';
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(real_stderr), 0);
    assert_ptr_equal(strchr(world->caught, '\n'), world->caught + len - 1); /* one line */
}

static void a_failure_has_one_line_though_its_first_call_got_no_answer(void **state)
{
    (void)state;
    static const struct {
        bool does_work;
        int32_t max_attempts;
        const char *event;
    } table[] = {
        {true, 3, "event=job.retrying "},
        {false, 3, "event=job.retrying "},
        {true, 1, "event=job.failed "},
        {false, 1, "event=job.failed "},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct world world;
        world_open(&world, table[i].max_attempts);
        does_work = table[i].does_work;
        calls_left = 1;
        settle(&world, false, STOP_NONE);
        assert_non_null(strstr(world.caught, table[i].event));
        assert_non_null(strstr(world.caught,
                               " request=\"r 1\" owner=ann type=orders format=csv "
                               "attempt=1 code=SOURCE_CONFLICT reason=\"by chance\""));
        world_close(&world);
    }
}

static void in_haste_the_log_says_that_nobody_knows(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 3);
    does_work = true;
    calls_left = 1;
    settle(&world, true, STOP_NONE);
    assert_non_null(strstr(world.caught, "event=job.not_settled "));
    world_close(&world);
}

static void whose_job_was_taken_away_says_whether_its_owner_wished_so(void **state)
{
    (void)state;
    const struct actor owner = {.name = STR("alice")};
    struct err err = {0};
    struct world world;
    world_open(&world, 3);
    settle(&world, false, STOP_LOST); /* still RUNNING: it must be another's by now */
    assert_non_null(strstr(world.caught, "event=job.lost "));
    assert_true(
        store_cancel(world.store, world.job.id, &owner, &world.arena, &world.job, NULL, &err));
    settle(&world, false, STOP_LOST);
    assert_non_null(strstr(world.caught, "event=job.stopped "));
    calls_left = 0;
    settle(&world, false, STOP_NONE);
    assert_non_null(strstr(world.caught, "event=job.stopped "));
    assert_true(
        store_remove(world.store, world.job.id, &owner, &world.arena, &world.job, NULL, &err));
    settle(&world, false, STOP_LOST);
    assert_non_null(strstr(world.caught, "event=job.stopped "));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_one_line_though_its_first_call_got_no_answer),
        cmocka_unit_test(in_haste_the_log_says_that_nobody_knows),
        cmocka_unit_test(whose_job_was_taken_away_says_whether_its_owner_wished_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
