/* SPDX-License-Identifier: Apache-2.0
 *
 * What only the store in memory promises: how much it keeps.
 */
#include "tests/store/store_kit.h"

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

    assert_ok(world, store_retry(world->store, third.id, &world->arena, &third, &world->err));
    (void)job_in_state(world, "alice", JOB_CANCELLED); /* into its place */
    assert_true(is_known(world, &second));
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_false(is_known(world, &second));
    assert_state(get_job(world, third.id), JOB_QUEUED);
    assert_state(get_job(world, completed.id), JOB_COMPLETED); /* its file is not lost track of */
    assert_true(is_known(world, &of_bob));
}

int main(void)
{
#define IN_A_WORLD(test)                                                    \
    {                                                                       \
#test, test, world_begin, world_end, (void *)(uintptr_t)&store_case \
    }
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(who_creates_and_cancels_for_ever_is_kept_a_thousand_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
