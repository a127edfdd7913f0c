/* SPDX-License-Identifier: Apache-2.0
 *
 * How an attempt goes and ends: progress, completion, failure and retry, release.
 */
#include "tests/store/store_kit.h"

static void progress_never_goes_backwards(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    (void)create_job(world, "alice");
    struct job job = claim_job(world, &ticket);
    static const struct {
        struct job_progress told;
        struct job_progress kept;
    } table[] = {
        {{PHASE_QUERYING, 0, 100, TOTAL_ESTIMATED, 0},
         {PHASE_QUERYING, 0, 100, TOTAL_ESTIMATED, 0}},
        {{PHASE_WRITING, 10, 100, TOTAL_ESTIMATED, 512},
         {PHASE_WRITING, 10, 100, TOTAL_ESTIMATED, 512}},
        {{PHASE_QUERYING, 5, 100, TOTAL_ESTIMATED, 600},
         {PHASE_WRITING, 10, 100, TOTAL_ESTIMATED, 600}},
        {{PHASE_WRITING, 200, 200, TOTAL_EXACT, 100}, {PHASE_WRITING, 200, 200, TOTAL_EXACT, 600}},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        bool is_mine = false;
        assert_ok(world,
                  store_progress(world->store, &ticket, &table[i].told, &is_mine, &world->err));
        assert_true(is_mine);
        struct job now = get_job(world, job.id);
        assert_int_equal(now.progress.phase, table[i].kept.phase);
        assert_int_equal(now.progress.rows_done, table[i].kept.rows_done);
        assert_int_equal(now.progress.rows_total, table[i].kept.rows_total);
        assert_int_equal(now.progress.total_kind, table[i].kept.total_kind);
        assert_int_equal(now.progress.bytes_written, table[i].kept.bytes_written);
        assert_true(now.revision > job.revision);
        job = now;
    }
    /* A new attempt begins anew. */
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    assert_int_equal(get_job(world, job.id).progress.rows_done, 0);
    test_clock_advance(&world->clock, 60000);
    assert_int_equal(claim_job(world, &ticket).progress.rows_done, 0);
}

static void completion_holds_the_file(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    struct job job = create_job(world, "alice");
    (void)claim_job(world, &ticket);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 60000);
    (void)claim_job(world, &ticket);
    test_clock_advance(&world->clock, 250);
    complete_job(world, &ticket, 1234);
    job = get_job(world, job.id);
    assert_state(job, JOB_COMPLETED);
    assert_text(job.file.key, "key");
    assert_text(job.file.name, "trades-20250801-120000.csv");
    assert_text(job.file.content_type, "text/csv");
    assert_text(job.file.sha256, "e3b0");
    assert_int_equal(job.file.size, 1234);
    assert_int_equal(job.file.rows, 7);
    assert_int_equal(job.warnings.cells_guarded, 2);
    assert_int_equal(job.progress.phase, PHASE_STORING);
    assert_int_equal(job.progress.rows_done, 7);
    assert_int_equal(job.error.code, ERR_NONE); /* of the attempt before */
    assert_int_equal(job.completed_ms, world_now(world));
    assert_int_equal(job.completed_ms - job.started_ms, 250);
    assert_int_equal(job.expires_ms, world_now(world) + world->options.retention_ms);
    assert_int_equal(job.attempt, 2);
}

static void a_failure_is_tried_again_after_its_delay(void **state)
{
    struct world *world = *state;
    static const int64_t delays[] = {1000, 2000};
    struct job job = create_job(world, "alice");
    struct ticket ticket;
    for (size_t i = 0; i < COUNT_OF(delays); i++) {
        (void)claim_job(world, &ticket);
        fail_job(world, &ticket, ERR_SOURCE_UNAVAILABLE);
        job = get_job(world, job.id);
        assert_state(job, JOB_QUEUED);
        assert_int_equal(job.attempt, i + 1);
        assert_int_equal(job.error.code, ERR_SOURCE_UNAVAILABLE);
        assert_text(job.error.message, "it failed with SOURCE_UNAVAILABLE");
        assert_int_equal(job.next_attempt_ms, world_now(world) + delays[i]);
        assert_int_equal(job.completed_ms, 0);
        test_clock_advance(&world->clock, delays[i] - 1);
        assert_false(is_anything_due(world));
        test_clock_advance(&world->clock, 1);
    }
    assert_int_equal(claim_job(world, &ticket).next_attempt_ms, 0);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    job = get_job(world, job.id);
    assert_state(job, JOB_FAILED);
    assert_int_equal(job.attempt, 3);
    assert_int_equal(job.error.code, ERR_SOURCE_CONFLICT);
    assert_int_equal(job.completed_ms, world_now(world));
    assert_int_equal(job.expires_ms, world_now(world) + world->options.retention_ms);
    assert_int_equal(job.next_attempt_ms, 0);
}

static void lose_job(struct world *world)
{
    test_clock_advance(&world->clock, world->options.lease_ms);
    assert_int_equal(rescue_jobs(world), 1);
    assert_int_equal(rescue_jobs(world), 0); /* each is told of once */
}

/* Whoever loses a worker waits as long as whoever fails. */
static void the_longest_delay_is_the_delay_of_all_later_attempts(void **state)
{
    struct world *world = *state;
    static const int64_t delays[] = {1000, 2000, 4000, 5000, 5000, 5000, 5000};
    struct ticket ticket;
    world->options.retry.cap_ms = 5000;
    world->options.retry.max_attempts = COUNT_OF(delays) + 1;
    world_restart(world);
    struct job job = create_job(world, "alice");
    for (size_t i = 0; i < COUNT_OF(delays); i++) {
        (void)claim_job(world, &ticket);
        if (i % 2)
            lose_job(world);
        else
            fail_job(world, &ticket, ERR_SOURCE_UNAVAILABLE);
        job = get_job(world, job.id);
        assert_state(job, JOB_QUEUED);
        assert_int_equal(job.next_attempt_ms, world_now(world) + delays[i]);
        test_clock_advance(&world->clock, delays[i]);
    }
    assert_int_equal(claim_job(world, &ticket).attempt, COUNT_OF(delays) + 1);
}

static void delays_are_spread_by_the_jitter(void **state)
{
    enum { JOBS = 100, JITTER_PERCENT = 10 };
    struct world *world = *state;
    world->options.max_active_per_owner = JOBS;
    world->options.retry.jitter_percent = JITTER_PERCENT;
    world_restart(world);
    size_t shorter = 0;
    size_t longer = 0;
    for (int i = 0; i < JOBS; i++) {
        struct ticket ticket;
        struct job job = create_job(world, "alice");
        (void)claim_job(world, &ticket);
        fail_job(world, &ticket, ERR_SOURCE_UNAVAILABLE);
        int64_t delay_ms = get_job(world, job.id).next_attempt_ms - world_now(world);
        assert_in_range(delay_ms, 900, 1100);
        shorter += delay_ms < 1000;
        longer += delay_ms > 1000;
    }
    assert_true(shorter > 0 && longer > 0); /* by chance: once in 10^29 runs not */
    /* They come back one by one, and none is lost. */
    test_clock_advance(&world->clock, 1100);
    for (int i = 0; i < JOBS; i++) {
        struct ticket ticket;
        assert_int_equal(claim_job(world, &ticket).attempt, 2);
    }
    assert_false(is_anything_due(world));
}

static void only_what_can_work_is_tried_again(void **state)
{
    struct world *world = *state;
    for (int code = ERR_SOURCE_UNAVAILABLE; code < ERR_CODE_COUNT; code++) {
        struct ticket ticket;
        struct job job = create_job(world, "alice");
        (void)claim_job(world, &ticket);
        fail_job(world, &ticket, (enum err_code)code);
        bool is_retried = err_code_is_retryable((enum err_code)code);
        assert_state(get_job(world, job.id), is_retried ? JOB_QUEUED : JOB_FAILED);
        assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                      &world->err));
    }
}

static void retries_stand_in_line_by_the_time_they_are_due(void **state)
{
    struct world *world = *state;
    struct ticket tickets[3];
    struct job jobs[3];
    static const char *const owners[] = {"a", "b", "c"};
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = create_job(world, owners[i]);
        (void)claim_job(world, &tickets[i]);
    }
    /* b's second failure waits 2 s from now; a fails a little later and waits 1 s. */
    fail_job(world, &tickets[1], ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 1000);
    (void)claim_job(world, &tickets[1]);
    fail_job(world, &tickets[1], ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 10);
    fail_job(world, &tickets[0], ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 10);
    fail_job(world, &tickets[2], ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 5000);
    struct job fresh = create_job(world, "d"); /* due after all of them */
    assert_same_job(claim_job(world, &tickets[0]), jobs[0]);
    assert_same_job(claim_job(world, &tickets[2]), jobs[2]);
    assert_same_job(claim_job(world, &tickets[1]), jobs[1]);
    assert_same_job(claim_job(world, &tickets[1]), fresh);
}

static void retries_due_at_the_same_time_go_by_age(void **state)
{
    struct world *world = *state;
    struct ticket tickets[3];
    struct job jobs[3];
    static const char *const owners[] = {"a", "b", "c"};
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = create_job(world, owners[i]);
        (void)claim_job(world, &tickets[i]);
    }
    for (size_t i = COUNT_OF(jobs); i > 0; i--)
        fail_job(world, &tickets[i - 1], ERR_SOURCE_CONFLICT);
    test_clock_advance(&world->clock, 1000);
    for (size_t i = 0; i < COUNT_OF(jobs); i++)
        assert_same_job(claim_job(world, &tickets[0]), jobs[i]);
}

static void a_waiting_retry_can_be_cancelled_and_removed(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 2; i++) {
        struct ticket ticket;
        struct job job = create_job(world, "alice");
        (void)claim_job(world, &ticket);
        fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
        if (i == 0)
            assert_ok(world, store_cancel(world->store, job.id, &somebody, &world->arena, &job,
                                          NULL, &world->err));
        else
            assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job,
                                          NULL, &world->err));
        assert_int_equal(job.next_attempt_ms, 0);
        test_clock_advance(&world->clock, 60000);
        assert_false(is_anything_due(world));
    }
}

static void a_released_attempt_is_not_counted(void **state)
{
    struct world *world = *state;
    struct job job = create_job(world, "alice");
    for (int i = 0; i < 5; i++) {
        struct ticket ticket;
        bool is_mine = false;
        assert_int_equal(claim_job(world, &ticket).attempt, 1);
        assert_ok(world, store_release(world->store, &ticket, &is_mine, &world->err));
        assert_true(is_mine);
        job = get_job(world, job.id);
        assert_state(job, JOB_QUEUED);
        assert_int_equal(job.attempt, 0);
        assert_int_equal(job.error.code, ERR_NONE);
    }
}

static void a_job_tried_again_by_hand_has_all_its_attempts(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_FAILED);
    assert_ok(world,
              store_retry(world->store, job.id, &somebody, &world->arena, &job, &world->err));
    for (int attempt = 1; attempt <= 3; attempt++) {
        struct ticket ticket;
        assert_int_equal(claim_job(world, &ticket).attempt, attempt);
        fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
        assert_state(get_job(world, job.id), attempt < 3 ? JOB_QUEUED : JOB_FAILED);
        test_clock_advance(&world->clock, 60000);
    }
}

const struct store_test suite_settling[] = {
    STORE_TEST(progress_never_goes_backwards),
    STORE_TEST(completion_holds_the_file),
    STORE_TEST(a_failure_is_tried_again_after_its_delay),
    STORE_TEST(the_longest_delay_is_the_delay_of_all_later_attempts),
    STORE_TEST(delays_are_spread_by_the_jitter),
    STORE_TEST(only_what_can_work_is_tried_again),
    STORE_TEST(retries_stand_in_line_by_the_time_they_are_due),
    STORE_TEST(retries_due_at_the_same_time_go_by_age),
    STORE_TEST(a_waiting_retry_can_be_cancelled_and_removed),
    STORE_TEST(a_released_attempt_is_not_counted),
    STORE_TEST(a_job_tried_again_by_hand_has_all_its_attempts),
    {0},
};
