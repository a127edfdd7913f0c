/* SPDX-License-Identifier: Apache-2.0
 *
 * The janitor at work on a real file store and a queue whose clock the tests set: retention, lost
 * workers, old jobs, orphans; and that it ends when it is told to.
 */
#include "engine/janitor.h"

#include "base/log.h"
#include "tests/unit/engine_house_kit.h"

enum { WAIT_MS = 10000, POLL_US = 1000, SOON_MS = 5, NEVER_MS = 3600 * 1000 };

static const struct janitor_options sweeping = {
    .interval_ms = SOON_MS,
    .sweep = {.first_ms = SOON_MS, .every_ms = SOON_MS, .min_age_ms = HOUSE_AGE_S * 1000}};

static const struct janitor_options not_sweeping = {
    .interval_ms = SOON_MS,
    .sweep = {.first_ms = NEVER_MS, .every_ms = NEVER_MS, .min_age_ms = HOUSE_AGE_S * 1000}};

static void pause_until(int64_t end_ms)
{
    if (clock_monotonic_ms() > end_ms)
        fail_msg("it did not happen within %d ms", WAIT_MS);
    const struct timespec pause = {.tv_nsec = POLL_US * 1000};
    (void)nanosleep(&pause, NULL);
}

#define WAIT_FOR(condition)                                              \
    for (int64_t end_ms = clock_monotonic_ms() + WAIT_MS; !(condition);) \
    pause_until(end_ms)

/* JOB_STATE_COUNT: there is no such job. */
static enum job_state state_of(struct house *house, struct uuid id)
{
    struct job job;
    if (store_get(house->store, id, &house->arena, &job, &house->err))
        return job.state;
    assert_int_equal(house->err.code, ERR_NOT_FOUND);
    return JOB_STATE_COUNT;
}

static void pass(struct house *house, int64_t ms)
{
    (void)atomic_fetch_add(&house->passed_ms, ms);
}

static void the_defaults_leave_an_hour_to_every_file(void **state)
{
    (void)state;
    const struct janitor_options options = janitor_options_default();
    assert_int_equal(options.interval_ms, 1000);
    assert_int_equal(options.sweep.first_ms, 60 * 1000);
    assert_int_equal(options.sweep.every_ms, 3600 * 1000);
    assert_int_equal(options.sweep.min_age_ms, 3600 * 1000);
}

static void a_file_goes_after_its_retention_and_then_its_job(void **state)
{
    (void)state;
    struct house house;
    struct house_file file;
    house_open(&house);
    struct job job = house_completed(&house, HOUSE_OLD_S, &file);
    pass(&house, house.options.retention_ms - 1);
    struct house_file later_file;
    struct job later = house_completed(&house, HOUSE_OLD_S, &later_file);
    struct janitor *janitor = janitor_start(house.store, house.files, &not_sweeping);
    pass(&house, 1);
    WAIT_FOR(state_of(&house, job.id) == JOB_EXPIRED);
    assert_false(house_has(&house, &file));
    assert_true(house_has(&house, &later_file));
    assert_int_equal(state_of(&house, later.id), JOB_COMPLETED);
    pass(&house, house.options.retention_ms);
    WAIT_FOR(state_of(&house, job.id) == JOB_STATE_COUNT);
    WAIT_FOR(state_of(&house, later.id) == JOB_EXPIRED);
    assert_false(house_has(&house, &later_file));
    janitor_stop(janitor);
    house_close(&house);
}

static void more_files_than_a_batch_go(void **state)
{
    enum { JOBS = 450 };
    (void)state;
    struct house house;
    house_open(&house);
    for (int i = 0; i < JOBS; i++) {
        struct house_file file;
        (void)house_completed(&house, HOUSE_OLD_S, &file);
    }
    pass(&house, house.options.retention_ms);
    struct janitor *janitor = janitor_start(house.store, house.files, &not_sweeping);
    WAIT_FOR(kit_count(&house.dir, NULL) == 0);
    janitor_stop(janitor);
    house_close(&house);
}

static void hear_failure(void *target, const struct job *job)
{
    assert_int_equal(job->state, JOB_QUEUED);
    assert_int_equal(job->error.code, ERR_WORKER_LOST);
    (void)atomic_fetch_add((atomic_uint *)target, 1);
}

static void the_job_of_a_lost_worker_is_queued_again_and_that_is_told(void **state)
{
    (void)state;
    atomic_uint heard = 0;
    const struct job_listener listener = {.failed = hear_failure, .target = &heard};
    struct janitor_options options = sweeping;
    options.listener = &listener;
    struct house house;
    struct ticket lost;
    struct ticket alive;
    house_open(&house);
    (void)house_create(&house);
    struct job job = house_claim(&house, &lost);
    struct janitor *janitor = janitor_start(house.store, house.files, &options);
    pass(&house, house.options.lease_ms - 1);
    (void)house_create(&house);
    struct job other = house_claim(&house, &alive);
    assert_int_equal(state_of(&house, job.id), JOB_RUNNING);
    pass(&house, 1);
    WAIT_FOR(state_of(&house, job.id) == JOB_QUEUED);
    assert_int_equal(state_of(&house, other.id), JOB_RUNNING);
    janitor_stop(janitor);
    assert_int_equal(heard, 1);
    house_close(&house);
}

/* Waits until all that is here now has been looked at. (A few files are one portion; once the
 * second of two orphans has gone, the portion of the first is done with.) */
static void wait_for_sweep(const struct house *house)
{
    for (int sweeps = 0; sweeps < 2; sweeps++) {
        struct house_file orphan = house_put(house, house_nobody(), 1, HOUSE_OLD_S);
        WAIT_FOR(!house_has(house, &orphan));
    }
}

/* As after a kill between the two steps: the file is there, the store has not heard of it. */
static void what_a_killed_worker_left_goes(void **state)
{
    (void)state;
    struct house house;
    struct ticket ticket;
    house_open(&house);
    (void)house_create(&house);
    struct job job = house_claim(&house, &ticket);
    struct house_file left = house_put(&house, job.id, 1, HOUSE_OLD_S);
    struct house_file young = house_put(&house, job.id, 1, HOUSE_YOUNG_S);
    struct house_file its_file;
    struct janitor *janitor = janitor_start(house.store, house.files, &sweeping);
    wait_for_sweep(&house);
    assert_true(house_has(&house, &left)); /* the attempt is not known to be over */
    pass(&house, house.options.lease_ms);
    WAIT_FOR(!house_has(&house, &left));
    assert_true(house_has(&house, &young));

    pass(&house, house.options.retry.cap_ms * 2);
    job = house_claim(&house, &ticket);
    assert_int_equal(job.attempt, 2);
    its_file = house_put(&house, job.id, 2, HOUSE_OLD_S);
    house_complete(&house, &ticket, &its_file);
    wait_for_sweep(&house);
    assert_true(house_has(&house, &its_file));
    assert_true(house_has(&house, &young));
    janitor_stop(janitor);
    house_close(&house);
}

static void a_sweep_of_many_files_holds_up_neither_the_rounds_nor_the_end(void **state)
{
    enum { FILES = 30 * FILES_PORTION }; /* more than half a second, for the pauses */
    (void)state;
    struct house house;
    struct ticket lost;
    house_open(&house);
    (void)house_create(&house);
    struct job job = house_claim(&house, &lost);
    for (int i = 0; i < FILES; i++)
        (void)house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    struct janitor *janitor = janitor_start(house.store, house.files, &sweeping);
    WAIT_FOR(kit_count(&house.dir, NULL) < FILES);
    pass(&house, house.options.lease_ms);
    WAIT_FOR(state_of(&house, job.id) == JOB_QUEUED);
    janitor_stop(janitor);
    assert_true(kit_count(&house.dir, NULL) > 0);
    files_close_store(house.files);
    house.files = kit_open(&house.dir, FILES_EXCLUSIVE); /* removes the rest */
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_leave_an_hour_to_every_file),
        cmocka_unit_test(a_file_goes_after_its_retention_and_then_its_job),
        cmocka_unit_test(more_files_than_a_batch_go),
        cmocka_unit_test(the_job_of_a_lost_worker_is_queued_again_and_that_is_told),
        cmocka_unit_test(what_a_killed_worker_left_goes),
        cmocka_unit_test(a_sweep_of_many_files_holds_up_neither_the_rounds_nor_the_end),
    };
    log_set_level(LOG_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
