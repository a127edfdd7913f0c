/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of ends: of all jobs, or of one owner's.
 */
#include "tests/store/store_kit.h"

static const struct str alices = {"https://example.org/alice", 25};
static const struct str own = {"https://example.org/own", 23};
static const struct str of_all = {"https://example.org/all", 23};

/* How many are told of a job of this owner that names a URL, or none. */
static size_t count_told(struct world *world, const char *owner, struct str url)
{
    struct job job;
    struct job_draft draft = draft_of(owner, NULL);
    struct delivery_query query = {.has_job = true, .limit = 100};
    const struct delivery *deliveries = NULL;
    size_t count = 0;
    draft.spec.webhook_url = url;
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    assert_ok(world, store_cancel(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
    query.job = job.id;
    assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &deliveries, &count,
                                           &world->err));
    return count;
}

static void who_is_told_of_one_owners_jobs_is_told_of_no_others(void **state)
{
    struct world *world = *state;
    const struct subscriber told[] = {
        {STR("alice"), alices}, {STR("alice"), of_all}, {STR(""), of_all}, {STR("carol"), own}};
    (void)tell(world, told, COUNT_OF(told));
    assert_int_equal(count_told(world, "alice", STR("")), 2);
    assert_int_equal(count_told(world, "alice", alices), 2);
    assert_int_equal(count_told(world, "alice", own), 3);
    assert_int_equal(count_told(world, "bob", STR("")), 1);
    assert_int_equal(count_told(world, "carol", STR("")), 2);
    assert_int_equal(count_told(world, "carol", of_all), 2);
}

static void whoever_says_who_is_told_learns_what_that_changed(void **state)
{
    struct world *world = *state;
    const struct subscriber first[] = {{STR(""), of_all}, {STR("alice"), own}};
    const struct subscriber second[] = {{STR("bob"), own}, {STR("alice"), own}};
    struct subscribers_change change = tell(world, first, COUNT_OF(first));
    assert_int_equal(change.added.count, 2);
    assert_int_equal(change.removed.count, 0);
    change = tell(world, first, COUNT_OF(first));
    assert_int_equal(change.added.count + change.removed.count, 0);
    change = tell(world, second, COUNT_OF(second));
    assert_int_equal(change.added.count, 1);
    assert_text(change.added.list[0].owner, "bob");
    assert_true(str_equal(change.added.list[0].url, own));
    assert_int_equal(change.removed.count, 1);
    assert_text(change.removed.list[0].owner, "");
    assert_true(str_equal(change.removed.list[0].url, of_all));
    change = tell(world, NULL, 0);
    assert_int_equal(change.removed.count, 2);
    assert_int_equal(count_told(world, "alice", STR("")), 0);
}

const struct store_test suite_subscribers[] = {
    STORE_TEST(who_is_told_of_one_owners_jobs_is_told_of_no_others),
    STORE_TEST(whoever_says_who_is_told_learns_what_that_changed),
    {0},
};
