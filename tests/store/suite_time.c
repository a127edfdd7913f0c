/* SPDX-License-Identifier: Apache-2.0
 *
 * What the janitor asks: retention, orphans, pruning; and the counters.
 */
#include "tests/store/store_kit.h"

static size_t count_expired(struct world *world, size_t limit, const struct job **out)
{
    size_t count = 0;
    assert_ok(world,
              store_list_expired(world->store, limit, &world->arena, out, &count, &world->err));
    return count;
}

static size_t prune(struct world *world, size_t limit)
{
    size_t count = 0;
    assert_ok(world, store_prune(world->store, limit, &count, &world->err));
    return count;
}

static void a_file_expires_after_its_retention(void **state)
{
    struct world *world = *state;
    const int64_t retention_ms = world->options.retention_ms;
    const struct job *expired = NULL;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    assert_int_equal(job.expires_ms, world_now(world) + retention_ms);
    test_clock_advance(&world->clock, retention_ms - 1);
    assert_int_equal(count_expired(world, 10, &expired), 0);
    test_clock_advance(&world->clock, 1);
    assert_int_equal(count_expired(world, 10, &expired), 1);
    assert_same_job(expired[0], job);
    assert_text(expired[0].file.key, "key");
    assert_int_equal(prune(world, 10), 0); /* the file goes before the row */

    assert_true(expire_job(world, job.id));
    job = get_job(world, job.id);
    assert_state(job, JOB_EXPIRED);
    assert_int_equal(job.file.key.len, 0);
    assert_int_equal(job.completed_ms, world_now(world) - retention_ms); /* not: when it expired */
    assert_text(job.file.name, "trades-20250801-120000.csv");
    assert_int_equal(job.expires_ms, world_now(world) + retention_ms);
    assert_int_equal(count_expired(world, 10, &expired), 0);
    assert_false(expire_job(world, job.id));
    assert_int_equal(get_job(world, job.id).revision, job.revision);

    test_clock_advance(&world->clock, retention_ms - 1);
    assert_int_equal(prune(world, 10), 0);
    test_clock_advance(&world->clock, 1);
    assert_int_equal(prune(world, 10), 1);
    assert_refused(world, store_get(world->store, job.id, &world->arena, &job, &world->err),
                   ERR_NOT_FOUND);
}

static void only_a_completed_job_expires(void **state)
{
    struct world *world = *state;
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job job = job_in_state(world, "alice", (enum job_state)from);
        assert_int_equal(expire_job(world, job.id), from == JOB_COMPLETED);
        assert_state(get_job(world, job.id),
                     from == JOB_COMPLETED ? JOB_EXPIRED : (enum job_state)from);
        assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                      &world->err));
    }
}

static void failed_and_cancelled_jobs_are_pruned(void **state)
{
    struct world *world = *state;
    struct job jobs[] = {
        job_in_state(world, "alice", JOB_FAILED),
        job_in_state(world, "alice", JOB_CANCELLED),
        job_in_state(world, "bob", JOB_COMPLETED),
        job_in_state(world, "alice", JOB_QUEUED),
    };
    test_clock_advance(&world->clock, world->options.retention_ms - 1);
    assert_int_equal(prune(world, 10), 0);
    struct job later = job_in_state(world, "bob", JOB_CANCELLED);
    test_clock_advance(&world->clock, 1);
    assert_int_equal(prune(world, 1), 1); /* in small steps */
    assert_int_equal(prune(world, 10), 1);
    assert_int_equal(prune(world, 10), 0);
    struct job out;
    for (size_t i = 0; i < 2; i++)
        assert_refused(world, store_get(world->store, jobs[i].id, &world->arena, &out, &world->err),
                       ERR_NOT_FOUND);
    assert_state(get_job(world, jobs[2].id), JOB_COMPLETED);
    assert_state(get_job(world, jobs[3].id), JOB_QUEUED); /* active: stays */
    assert_state(get_job(world, later.id), JOB_CANCELLED);
}

static void a_job_tried_again_is_not_pruned(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_FAILED);
    assert_ok(world,
              store_retry(world->store, job.id, &somebody, &world->arena, &job, &world->err));
    test_clock_advance(&world->clock, 2 * world->options.retention_ms);
    assert_int_equal(prune(world, 10), 0);
    assert_true(is_anything_due(world));
}

static void expired_files_come_in_batches(void **state)
{
    struct world *world = *state;
    const struct job *expired = NULL;
    for (int i = 0; i < 5; i++)
        (void)job_in_state(world, "alice", JOB_COMPLETED);
    test_clock_advance(&world->clock, world->options.retention_ms);
    static const size_t sizes[] = {2, 2, 1, 0};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        assert_int_equal(count_expired(world, 2, &expired), sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            (void)expire_job(world, expired[k].id);
    }
}

/* Files that cannot be removed stay, and must not hide those behind them. */
static void each_expired_file_has_its_turn(void **state)
{
    enum { JOBS = 5, AT_ONCE = 2, ROUNDS = 4 };
    struct world *world = *state;
    const struct job *expired = NULL;
    struct job jobs[JOBS];
    size_t turns[JOBS] = {0};
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = job_in_state(world, "alice", JOB_COMPLETED);
        test_clock_advance(&world->clock, i % 2); /* some end in the same millisecond */
    }
    test_clock_advance(&world->clock, world->options.retention_ms);
    for (int list = 0; list < ROUNDS * JOBS; list++) {
        assert_int_equal(count_expired(world, AT_ONCE, &expired), AT_ONCE);
        assert_false(uuid_equal(expired[0].id, expired[1].id));
        for (size_t i = 0; i < JOBS; i++)
            for (size_t k = 0; k < AT_ONCE; k++)
                turns[i] += uuid_equal(expired[k].id, jobs[i].id);
    }
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(turns[i], ROUNDS * AT_ONCE);

    /* However the place in the round was left, one list gives all that are there. */
    assert_int_equal(count_expired(world, JOBS, &expired), JOBS);
    assert_int_equal(count_expired(world, AT_ONCE, &expired), AT_ONCE);
    assert_int_equal(count_expired(world, 2 * JOBS, &expired), JOBS);
}

static bool is_orphan(struct world *world, struct uuid id, int32_t attempt, const char *key)
{
    const struct attempt_file file = {id, attempt, str_of(key)};
    bool answer = false;
    assert_ok(world, store_find_orphans(world->store, &file, 1, &answer, &world->err));
    return answer;
}

/* The job made its file, if it has one, in attempt 1, and that file's key is "key". */
static void a_file_that_no_job_has_is_an_orphan(void **state)
{
    struct world *world = *state;
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job job = job_in_state(world, "alice", (enum job_state)from);
        bool is_running = from == JOB_RUNNING;
        assert_int_equal(is_orphan(world, job.id, 1, "key"), !is_running && from != JOB_COMPLETED);
        assert_int_equal(is_orphan(world, job.id, 1, "other"), !is_running);
        assert_true(is_orphan(world, job.id, 0, "other"));
        assert_true(is_orphan(world, job.id, 2, "other"));
        assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                      &world->err));
        assert_true(is_orphan(world, job.id, 1, "key"));
    }
    assert_true(is_orphan(world, (struct uuid){{0}}, 1, "key"));
}

static void what_a_lost_attempt_left_is_an_orphan_and_the_next_one_may_have_its_file(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    struct job job = create_job(world, "alice");
    (void)claim_job(world, &ticket);
    assert_false(is_orphan(world, job.id, 1, "first"));
    test_clock_advance(&world->clock, world->options.lease_ms);
    assert_false(is_orphan(world, job.id, 1, "first")); /* nobody has taken it for lost yet */
    (void)rescue_jobs(world);
    assert_true(is_orphan(world, job.id, 1, "first"));
    test_clock_advance(&world->clock, 60000);
    (void)claim_job(world, &ticket);
    assert_true(is_orphan(world, job.id, 1, "first"));
    assert_false(is_orphan(world, job.id, 2, "key"));
    complete_job(world, &ticket, 100);
    assert_true(is_orphan(world, job.id, 1, "first"));
    assert_false(is_orphan(world, job.id, 2, "key"));
    test_clock_advance(&world->clock, world->options.retention_ms);
    assert_false(is_orphan(world, job.id, 2, "key")); /* it is the job's until it is expired */
    (void)expire_job(world, job.id);
    assert_true(is_orphan(world, job.id, 2, "key"));
}

static void orphans_are_told_one_by_one_among_many(void **state)
{
    enum { FILES = 300 };
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    struct attempt_file files[FILES];
    bool answers[FILES];
    for (size_t i = 0; i < FILES; i++) {
        files[i] = (struct attempt_file){.id = job.id, .attempt = 1, .key = STR("key")};
        if (i % 3 == 1)
            files[i].id.bytes[i % 16] ^= 1; /* nobody's */
        if (i % 3 == 2)
            files[i].key = STR("other\"{},\\");
        answers[i] = i % 3 == 0;
    }
    assert_ok(world, store_find_orphans(world->store, files, FILES, answers, &world->err));
    for (size_t i = 0; i < FILES; i++)
        assert_int_equal(answers[i], i % 3 != 0);
    assert_ok(world, store_find_orphans(world->store, files, 0, answers, &world->err));
}

static void the_counters_count(void **state)
{
    struct world *world = *state;
    struct store_counters counters;
    struct ticket ticket;
    struct job job;
    assert_ok(world, store_count(world->store, &counters, &world->err));
    assert_int_equal(counters.avg_duration_ms, 0);

    static const int64_t durations[] = {100, 300};
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        (void)create_job(world, "alice");
        (void)claim_job(world, &ticket);
        test_clock_advance(&world->clock, durations[i]);
        complete_job(world, &ticket, 1);
    }
    (void)job_in_state(world, "alice", JOB_FAILED);
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    job = job_in_state(world, "alice", JOB_RUNNING);
    (void)create_job(world, "alice");
    (void)claim_job(world, &ticket);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    (void)create_job(world, "alice");

    assert_ok(world, store_count(world->store, &counters, &world->err));
    assert_int_equal(counters.queued, 2);
    assert_int_equal(counters.running, 1);
    assert_int_equal(counters.processed, 2);
    assert_int_equal(counters.failed, 1);
    assert_int_equal(counters.retried, 1);
    assert_int_equal(counters.cancelled, 1);
    assert_int_equal(counters.avg_duration_ms, 200);

    assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
    assert_ok(world, store_count(world->store, &counters, &world->err));
    assert_int_equal(counters.running, 0);
    assert_int_equal(counters.cancelled, 2);
}

static int64_t queue_age(struct world *world)
{
    struct store_counters counters;
    assert_ok(world, store_count(world->store, &counters, &world->err));
    return counters.queue_age_ms;
}

/* A retry that is not due yet waits for no worker. */
static void the_queue_is_as_old_as_the_job_that_is_due_longest(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    assert_int_equal(queue_age(world), 0);
    (void)create_job(world, "alice");
    assert_int_equal(queue_age(world), 0);
    test_clock_advance(&world->clock, 300);
    (void)create_job(world, "bob");
    test_clock_advance(&world->clock, 700);
    assert_int_equal(queue_age(world), 1000);
    (void)claim_job(world, &ticket);
    assert_int_equal(queue_age(world), 700);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    assert_int_equal(queue_age(world), 700);
    (void)claim_job(world, &ticket);
    assert_int_equal(queue_age(world), 0);
}

const struct store_test suite_time[] = {
    STORE_TEST(a_file_expires_after_its_retention),
    STORE_TEST(only_a_completed_job_expires),
    STORE_TEST(failed_and_cancelled_jobs_are_pruned),
    STORE_TEST(a_job_tried_again_is_not_pruned),
    STORE_TEST(expired_files_come_in_batches),
    STORE_TEST(each_expired_file_has_its_turn),
    STORE_TEST(a_file_that_no_job_has_is_an_orphan),
    STORE_TEST(what_a_lost_attempt_left_is_an_orphan_and_the_next_one_may_have_its_file),
    STORE_TEST(orphans_are_told_one_by_one_among_many),
    STORE_TEST(the_counters_count),
    STORE_TEST(the_queue_is_as_old_as_the_job_that_is_due_longest),
    {0},
};
