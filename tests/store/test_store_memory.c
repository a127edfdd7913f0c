/* SPDX-License-Identifier: Apache-2.0
 *
 * What only the store in memory promises: how much it keeps, and that its leases outlive a wall
 * clock that is set.
 */
#include "tests/store/store_kit.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static bool is_known(struct world *world, const struct job *job)
{
    struct job out;
    if (store_get(world->store, job->id, &world->arena, &out, &world->err))
        return true;
    assert_int_equal(world->err.code, ERR_NOT_FOUND);
    return false;
}

static void who_creates_and_cancels_for_ever_is_kept_a_thousand_jobs(void **state)
{
    struct world *world = *state;
    struct job of_bob = job_in_state(world, "bob", JOB_FAILED);
    struct job completed = job_in_state(world, "alice", JOB_COMPLETED);
    struct job first = job_in_state(world, "alice", JOB_FAILED);
    struct job second = job_in_state(world, "alice", JOB_EXPIRED);
    struct job third = job_in_state(world, "alice", JOB_CANCELLED);
    for (int i = 3; i < STORE_MEMORY_MAX_ENDED; i++)
        (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_true(is_known(world, &first));
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_false(is_known(world, &first));
    assert_true(is_known(world, &second));

    assert_ok(world,
              store_retry(world->store, third.id, &somebody, &world->arena, &third, &world->err));
    (void)job_in_state(world, "alice", JOB_CANCELLED); /* into its place */
    assert_true(is_known(world, &second));
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_false(is_known(world, &second));
    assert_state(get_job(world, third.id), JOB_QUEUED);
    assert_state(get_job(world, completed.id), JOB_COMPLETED); /* its file is not lost track of */
    assert_true(is_known(world, &of_bob));
}

static void who_sets_the_clock_loses_no_running_job(void **state)
{
    struct world *world = *state;
    struct job job = create_job(world, "alice");
    struct ticket ticket;
    (void)claim_job(world, &ticket);
    static const int64_t steps_ms[] = {DAY_MS, -2 * DAY_MS, DAY_MS};
    for (size_t i = 0; i < COUNT_OF(steps_ms); i++) {
        test_clock_set_by(&world->clock, steps_ms[i]);
        (void)rescue_jobs(world);
        assert_state(get_job(world, job.id), JOB_RUNNING);
    }
    test_clock_advance(&world->clock, world->options.lease_ms - 1);
    bool is_lost = true;
    assert_ok(world, store_heartbeat(world->store, &ticket, 1, &is_lost, &world->err));
    assert_false(is_lost);
    test_clock_set_by(&world->clock, -DAY_MS); /* nor does a dead worker keep it for a day */
    test_clock_advance(&world->clock, world->options.lease_ms);
    (void)rescue_jobs(world);
    assert_state(get_job(world, job.id), JOB_QUEUED);
}

static bool is_listed_as_expired(struct world *world)
{
    const struct job *expired = NULL;
    size_t count = 0;
    assert_ok(world,
              store_list_expired(world->store, 10, &world->arena, &expired, &count, &world->err));
    return count > 0;
}

static void who_sets_the_clock_loses_no_download(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    const struct transfer transfer = {0, 10, 10, 1};
    const int64_t lease_ms = world->options.download_lease_ms;
    int64_t token = 0;
    int64_t lease = 0;
    int64_t other = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    assert_ok(world, store_download_open(world->store,
                                         &(struct download_request){job.id, token, 0, somebody},
                                         &world->arena, &job, &lease, &world->err));
    test_clock_set_by(&world->clock, lease_ms);
    assert_refused(world,
                   store_download_open(world->store,
                                       &(struct download_request){job.id, token, 0, somebody},
                                       &world->arena, &job, &other, &world->err),
                   ERR_BUSY);
    assert_ok(world, store_download_renew(world->store, job.id, lease, &transfer, &world->err));
    test_clock_set_by(&world->clock, DAY_MS);
    assert_false(is_listed_as_expired(world));
    test_clock_set_by(&world->clock, -2 * DAY_MS);
    test_clock_advance(&world->clock, lease_ms); /* it was given up, and does not hold for a day */
    assert_ok(world, store_download_open(world->store,
                                         &(struct download_request){job.id, token, 0, somebody},
                                         &world->arena, &job, &other, &world->err));
    test_clock_advance(&world->clock, lease_ms);
    test_clock_set_by(&world->clock, 2 * DAY_MS);
    assert_true(is_listed_as_expired(world));
}

/* Files of which none can be removed: nobody says that they are gone. */
static void files_that_stay_do_not_hold_up_the_others(void **state)
{
    enum { JOBS = 5, LIMIT = 2, ROUNDS = 6 };
    struct world *world = *state;
    struct job jobs[JOBS];
    int listed[JOBS] = {0};
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = job_in_state(world, "alice", JOB_COMPLETED);
    test_clock_advance(&world->clock, world->options.retention_ms);
    for (int round = 0; round < ROUNDS; round++) {
        const struct job *expired = NULL;
        size_t count = 0;
        assert_ok(world, store_list_expired(world->store, LIMIT, &world->arena, &expired, &count,
                                            &world->err));
        assert_int_equal(count, LIMIT);
        for (size_t i = 0; i < JOBS; i++)
            listed[i] +=
                uuid_equal(expired[0].id, jobs[i].id) + uuid_equal(expired[1].id, jobs[i].id);
    }
    for (size_t i = 0; i < JOBS; i++)
        assert_in_range(listed[i], 2, 3);

    test_clock_set_by(&world->clock, -DAY_MS);
    assert_false(is_listed_as_expired(world));
    test_clock_set_by(&world->clock, DAY_MS);
    assert_ok(world, store_remove(world->store, jobs[0].id, &somebody, &world->arena, &jobs[0],
                                  NULL, &world->err));
    for (size_t i = 1; i < JOBS; i++) {
        assert_true(is_listed_as_expired(world));
        (void)expire_job(world, jobs[i].id);
    }
    assert_false(is_listed_as_expired(world));
}

/* The deliveries that were settled are forgotten first, then the oldest. */
static void the_outbox_is_bounded(void **state)
{
    enum { MORE = 3 };
    struct world *world = *state;
    const struct subscriber told = {.url = STR("https://example.org/")};
    const struct delivery *deliveries = NULL;
    const struct delivery_outcome delivered = {.state = DELIVERY_DELIVERED};
    size_t count = 0;
    bool is_mine = false;
    (void)tell(world, &told, 1);
    struct job oldest = job_in_state(world, "alice", JOB_CANCELLED);
    struct job second = job_in_state(world, "alice", JOB_CANCELLED);
    for (int i = 2; i < STORE_MEMORY_MAX_DELIVERIES; i++)
        (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_ok(world, store_claim_deliveries(world->store, 2, &world->arena, &deliveries, &count,
                                            &world->err));
    assert_same_job(deliveries[0].job, oldest);
    assert_ok(world, store_settle_delivery(world->store, &deliveries[1], &delivered, &is_mine,
                                           &world->err));
    for (int i = 0; i < MORE; i++) {
        struct delivery_query query = {.has_job = true, .limit = 1};
        query.job = i == 0 ? second.id : oldest.id;
        assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &deliveries,
                                               &count, &world->err));
        assert_int_equal(count, i < 2);
        (void)job_in_state(world, "alice", JOB_CANCELLED);
    }
}

int main(void)
{
#define IN_A_WORLD(test)                                                    \
    {                                                                       \
#test, test, world_begin, world_end, (void *)(uintptr_t)&store_case \
    }
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(who_sets_the_clock_loses_no_running_job),
        IN_A_WORLD(who_sets_the_clock_loses_no_download),
        IN_A_WORLD(files_that_stay_do_not_hold_up_the_others),
        IN_A_WORLD(the_outbox_is_bounded),
        IN_A_WORLD(who_creates_and_cancels_for_ever_is_kept_a_thousand_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
