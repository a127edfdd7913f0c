/* SPDX-License-Identifier: Apache-2.0
 *
 * The outbox: who is to be told of a job's end has a delivery exactly if it ended, is told by one
 * sender at a time, and again until it was.
 */
#include "tests/store/store_kit.h"

enum { MAX = 1000 };

static const char own_url[] = "https://example.org/own";
static const char url_of_all[] = "https://example.org/all";

struct page {
    const struct delivery *deliveries;
    size_t count;
};

static struct page list(struct world *world)
{
    const struct delivery_query query = {.limit = MAX};
    struct page page = {0};
    assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &page.deliveries,
                                           &page.count, &world->err));
    return page;
}

static struct page claim(struct world *world, size_t limit)
{
    struct page page = {0};
    assert_ok(world, store_claim_deliveries(world->store, limit, &world->arena, &page.deliveries,
                                            &page.count, &world->err));
    return page;
}

static struct delivery claim_one(struct world *world)
{
    struct page page = claim(world, 1);
    assert_int_equal(page.count, 1);
    return page.deliveries[0];
}

static bool settle(struct world *world, const struct delivery *delivery,
                   struct delivery_outcome outcome)
{
    bool is_mine = false;
    assert_ok(world,
              store_settle_delivery(world->store, delivery, &outcome, &is_mine, &world->err));
    return is_mine;
}

static void tell_all(struct world *world, const char *first, const char *second)
{
    const struct subscriber list[] = {{.url = str_of(first)}, {.url = str_of(second)}};
    (void)tell(world, list, second ? 2 : 1);
}

static struct job create_of(struct world *world, const char *owner, const char *url)
{
    struct job job;
    struct job_draft draft = draft_of(owner, NULL);
    draft.spec.webhook_url = str_of(url);
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    return job;
}

static struct job create_with_url(struct world *world, const char *url)
{
    return create_of(world, "alice", url);
}

static void cancel(struct world *world, struct uuid id)
{
    struct job job;
    assert_ok(world,
              store_cancel(world->store, id, &somebody, &world->arena, &job, NULL, &world->err));
}

static struct job cancelled_with_url(struct world *world, const char *url)
{
    struct job job = create_with_url(world, url);
    cancel(world, job.id);
    return get_job(world, job.id);
}

static void a_job_without_any_url_writes_nothing(void **state)
{
    struct world *world = *state;
    (void)job_in_state(world, "alice", JOB_COMPLETED);
    (void)job_in_state(world, "alice", JOB_FAILED);
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_int_equal(list(world).count, 0);
    assert_int_equal(claim(world, MAX).count, 0);
}

static void a_delivery_says_how_the_job_ended(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    struct job_draft draft = draft_of("alice", "r-1");
    struct job job;
    draft.spec.webhook_url = str_of(own_url);
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    test_clock_advance(&world->clock, 10);
    (void)claim_job(world, &ticket);
    test_clock_advance(&world->clock, 10);
    assert_int_equal(list(world).count, 0);
    complete_job(world, &ticket, 100);
    job = get_job(world, job.id);
    struct page page = list(world);
    assert_int_equal(page.count, 1);
    const struct delivery *delivery = &page.deliveries[0];
    assert_text(delivery->url, own_url);
    assert_int_equal(delivery->state, DELIVERY_PENDING);
    assert_int_equal(delivery->attempt, 0);
    assert_int_equal(delivery->created_ms, world_now(world));
    assert_int_equal(delivery->next_ms, world_now(world));
    assert_true(uuid_equal(delivery->job.id, job.id));
    assert_state(delivery->job, JOB_COMPLETED);
    assert_text(delivery->job.owner, "alice");
    assert_text(delivery->job.request_id, "r-1");
    assert_text(delivery->job.spec.type, "trades");
    assert_text(delivery->job.spec.format, "csv");
    assert_true(str_equal(delivery->job.file.name, job.file.name));
    assert_true(str_equal(delivery->job.file.sha256, job.file.sha256));
    assert_int_equal(delivery->job.file.size, 100);
    assert_int_equal(delivery->job.file.rows, 7);
    assert_int_equal(delivery->job.attempt, 1);
    assert_int_equal(delivery->job.created_ms, world_now(world) - 20);
    assert_int_equal(delivery->job.started_ms, world_now(world) - 10);
    assert_int_equal(delivery->job.completed_ms, world_now(world));
    assert_int_equal(delivery->job.expires_ms, job.expires_ms);
    assert_int_equal(delivery->job.error.code, ERR_NONE);
}

static void each_way_to_end_is_told_and_expiry_is_not(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    tell_all(world, url_of_all, NULL);
    (void)job_in_state(world, "alice", JOB_EXPIRED);
    (void)job_in_state(world, "alice", JOB_FAILED);
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    struct job lost = create_job(world, "alice");
    for (int attempt = 0; attempt < world->options.retry.max_attempts; attempt++) {
        (void)claim_job(world, &ticket);
        test_clock_advance(&world->clock, world->options.lease_ms + 1);
        assert_int_equal(rescue_jobs(world), 1);
        test_clock_advance(&world->clock, world->options.retry.cap_ms + 1);
    }
    struct job removed = create_job(world, "alice");
    assert_ok(world, store_remove(world->store, removed.id, &somebody, &world->arena, &removed,
                                  NULL, &world->err));
    static const enum job_state expected[] = {JOB_CANCELLED, JOB_FAILED, JOB_CANCELLED, JOB_FAILED,
                                              JOB_COMPLETED};
    struct page page = list(world);
    assert_int_equal(page.count, COUNT_OF(expected));
    for (size_t i = 0; i < page.count; i++)
        assert_state(page.deliveries[i].job, expected[i]);
    assert_same_job(page.deliveries[0].job, removed);
    assert_same_job(page.deliveries[1].job, lost);
    assert_int_equal(page.deliveries[1].job.error.code, ERR_WORKER_LOST);
    assert_text(page.deliveries[3].job.error.message, "it failed with SOURCE_DATA");
}

static void an_attempt_that_is_tried_again_is_no_end(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    bool is_mine = false;
    (void)create_with_url(world, own_url);
    (void)claim_job(world, &ticket);
    assert_ok(world, store_release(world->store, &ticket, &is_mine, &world->err));
    (void)claim_job(world, &ticket);
    fail_job(world, &ticket, ERR_SOURCE_UNAVAILABLE);
    assert_int_equal(list(world).count, 0);
}

static void a_job_that_ends_twice_is_told_twice(void **state)
{
    struct world *world = *state;
    struct job job = cancelled_with_url(world, own_url);
    assert_ok(world,
              store_retry(world->store, job.id, &somebody, &world->arena, &job, &world->err));
    cancel(world, job.id);
    cancel(world, job.id); /* changes nothing */
    struct page page = list(world);
    assert_int_equal(page.count, 2);
    assert_false(uuid_equal(page.deliveries[0].id, page.deliveries[1].id));
}

static void each_url_is_told_once(void **state)
{
    struct world *world = *state;
    tell_all(world, url_of_all, own_url);
    (void)cancelled_with_url(world, own_url);
    assert_int_equal(list(world).count, 2);
    tell_all(world, url_of_all, NULL);
    (void)cancelled_with_url(world, url_of_all);
    assert_int_equal(list(world).count, 3);
    (void)tell(world, NULL, 0);
    (void)job_in_state(world, "alice", JOB_CANCELLED);
    assert_int_equal(list(world).count, 3);
}

static void a_claimed_delivery_is_nobody_elses_until_its_lease_ends(void **state)
{
    struct world *world = *state;
    (void)cancelled_with_url(world, own_url);
    struct delivery first = claim_one(world);
    assert_int_equal(first.attempt, 1);
    assert_int_equal(claim(world, MAX).count, 0);
    test_clock_advance(&world->clock, DELIVERY_LEASE_MS);
    struct delivery second = claim_one(world);
    assert_int_equal(second.attempt, 2);
    assert_true(uuid_equal(first.id, second.id));
    const struct delivery_outcome delivered = {.state = DELIVERY_DELIVERED, .status = 204};
    assert_false(settle(world, &first, delivered));
    assert_int_equal(list(world).deliveries[0].state, DELIVERY_PENDING);
    assert_true(settle(world, &second, delivered));
    assert_false(settle(world, &second, delivered));
    const struct delivery settled = list(world).deliveries[0];
    assert_int_equal(settled.state, DELIVERY_DELIVERED);
    assert_int_equal(settled.status, 204);
    assert_int_equal(settled.settled_ms, world_now(world));
    test_clock_advance(&world->clock, DELIVERY_LEASE_MS + 1);
    assert_int_equal(claim(world, MAX).count, 0);
}

static void a_failed_attempt_is_due_again_after_its_delay(void **state)
{
    struct world *world = *state;
    (void)cancelled_with_url(world, own_url);
    struct delivery delivery = claim_one(world);
    const struct delivery_outcome failed = {.state = DELIVERY_PENDING,
                                            .delay_ms = 5000,
                                            .status = 500,
                                            .reason = STR("it answered 500")};
    assert_true(settle(world, &delivery, failed));
    assert_text(list(world).deliveries[0].reason, "it answered 500");
    assert_int_equal(list(world).deliveries[0].next_ms, world_now(world) + 5000);
    test_clock_advance(&world->clock, 4999);
    assert_int_equal(claim(world, MAX).count, 0);
    test_clock_advance(&world->clock, 1);
    delivery = claim_one(world);
    assert_int_equal(delivery.attempt, 2);
    assert_text(delivery.url, own_url);
    assert_state(delivery.job, JOB_CANCELLED);
    assert_true(settle(world, &delivery, (struct delivery_outcome){.state = DELIVERY_GIVEN_UP}));
    assert_int_equal(list(world).deliveries[0].state, DELIVERY_GIVEN_UP);
    assert_int_equal(list(world).deliveries[0].status, 0);
    assert_text(list(world).deliveries[0].reason, "");
}

static void what_ended_with_its_sender_is_no_failure(void **state)
{
    struct world *world = *state;
    const struct delivery_outcome handed_back = {.reason = STR("the server ended")};
    const struct delivery_outcome failed = {.status = 500, .is_failure = true};
    (void)cancelled_with_url(world, own_url);
    (void)claim_one(world);
    test_clock_advance(&world->clock, DELIVERY_LEASE_MS);
    struct delivery delivery = claim_one(world);
    assert_int_equal(delivery.failures, 0);
    assert_true(settle(world, &delivery, handed_back));
    delivery = claim_one(world);
    assert_int_equal(delivery.attempt, 3);
    assert_int_equal(delivery.failures, 0);
    assert_true(settle(world, &delivery, failed));
    assert_int_equal(list(world).deliveries[0].failures, 1);
    delivery = claim_one(world);
    assert_int_equal(delivery.failures, 1);
    assert_true(settle(world, &delivery, (struct delivery_outcome){.state = DELIVERY_DELIVERED}));
    assert_int_equal(list(world).deliveries[0].failures, 1);
}

static void one_that_ends_each_sender_ends_by_its_age(void **state)
{
    struct world *world = *state;
    (void)cancelled_with_url(world, own_url);
    test_clock_advance(&world->clock, DELIVERY_MAX_AGE_MS - 1);
    struct delivery delivery = claim_one(world); /* late, but nobody died of it */
    assert_int_equal(delivery.state, DELIVERY_PENDING);
    assert_true(settle(world, &delivery, (struct delivery_outcome){.status = 500}));
    test_clock_advance(&world->clock, 1);
    delivery = claim_one(world);
    assert_int_equal(delivery.state, DELIVERY_PENDING);
    test_clock_advance(&world->clock, DELIVERY_LEASE_MS);
    const struct delivery given_up = claim_one(world);
    assert_true(uuid_equal(given_up.id, delivery.id));
    assert_int_equal(given_up.state, DELIVERY_GIVEN_UP);
    assert_int_equal(given_up.attempt, 2);
    assert_text(given_up.reason, DELIVERY_DIED_REASON);
    assert_int_equal(given_up.settled_ms, world_now(world));
    assert_int_equal(claim(world, MAX).count, 0);
    assert_false(settle(world, &delivery, (struct delivery_outcome){.state = DELIVERY_DELIVERED}));
    assert_int_equal(list(world).deliveries[0].state, DELIVERY_GIVEN_UP);
    assert_int_equal(list(world).deliveries[0].status, 500);
}

static void a_url_that_is_gone_is_told_no_more(void **state)
{
    struct world *world = *state;
    tell_all(world, url_of_all, own_url);
    for (int i = 0; i < 3; i++)
        (void)job_in_state(world, "alice", JOB_CANCELLED);
    struct page page = claim(world, 2);
    assert_int_equal(page.count, 2);
    const struct delivery_outcome gone = {
        .state = DELIVERY_GIVEN_UP, .status = 410, .reason = STR("gone"), .is_gone = true};
    assert_true(settle(world, &page.deliveries[0], gone));
    struct str url = page.deliveries[0].url;
    page = list(world);
    assert_int_equal(page.count, 6);
    for (size_t i = 0; i < page.count; i++)
        assert_int_equal(page.deliveries[i].state, str_equal(page.deliveries[i].url, url)
                                                       ? DELIVERY_GIVEN_UP
                                                       : DELIVERY_PENDING);
    (void)job_in_state(world, "bob", JOB_CANCELLED);
    assert_int_equal(list(world).count, 7);
    tell_all(world, url_of_all, own_url); /* as a restart does */
    (void)job_in_state(world, "bob", JOB_CANCELLED);
    assert_int_equal(list(world).count, 8);
    tell_all(world, "https://example.org/another", NULL); /* somebody says otherwise */
    tell_all(world, url_of_all, own_url);
    (void)job_in_state(world, "bob", JOB_CANCELLED);
    assert_int_equal(list(world).count, 10);
}

static void a_busy_url_holds_up_no_other(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3 * DELIVERY_MAX_OF_URL; i++)
        (void)cancelled_with_url(world, own_url);
    cancel(world, create_of(world, "bob", url_of_all).id);
    struct page page = claim(world, 4);
    assert_int_equal(page.count, 4);
    struct delivery settled = page.deliveries[0];
    page = claim(world, MAX);
    assert_int_equal(page.count, DELIVERY_MAX_OF_URL - 4 + 1);
    size_t others = 0;
    for (size_t i = 0; i < page.count; i++)
        others += str_equal(page.deliveries[i].url, str_of(url_of_all));
    assert_int_equal(others, 1);
    assert_int_equal(claim(world, MAX).count, 0);
    assert_true(settle(world, &settled, (struct delivery_outcome){.state = DELIVERY_DELIVERED}));
    assert_int_equal(claim(world, MAX).count, 1);
}

/* Each to a URL of its own. */
static void end_jobs_of(struct world *world, const char *owner, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str url = arena_printf(&world->arena, "https://example.org/%s/%zu", owner, i);
        cancel(world, create_of(world, owner, url.ptr).id);
    }
}

static size_t count_of(struct page page, const char *owner)
{
    size_t count = 0;
    for (size_t i = 0; i < page.count; i++)
        count += str_equal(page.deliveries[i].job.owner, str_of(owner));
    return count;
}

static void slow_receivers_of_one_owner_hold_up_nobody_else(void **state)
{
    struct world *world = *state;
    end_jobs_of(world, "alice", 2 * DELIVERY_MAX_OF_OWNER);
    end_jobs_of(world, "bob", 2);
    struct page page = claim(world, 4);
    assert_int_equal(count_of(page, "alice"), 4);
    struct delivery settled = page.deliveries[0];
    page = claim(world, MAX);
    assert_int_equal(count_of(page, "alice"), DELIVERY_MAX_OF_OWNER - 4);
    assert_int_equal(count_of(page, "bob"), 2);
    assert_int_equal(claim(world, MAX).count, 0);
    assert_true(settle(world, &settled, (struct delivery_outcome){.state = DELIVERY_DELIVERED}));
    assert_int_equal(count_of(claim(world, MAX), "alice"), 1);
}

static void a_url_that_is_told_of_all_takes_no_place_of_an_owner(void **state)
{
    struct world *world = *state;
    tell_all(world, url_of_all, NULL);
    end_jobs_of(world, "alice", DELIVERY_MAX_OF_URL);
    struct page page = claim(world, MAX);
    assert_int_equal(page.count, DELIVERY_MAX_OF_URL + DELIVERY_MAX_OF_OWNER);
}

static void a_delivery_outlives_its_job(void **state)
{
    struct world *world = *state;
    struct job job = cancelled_with_url(world, own_url);
    assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
    struct delivery delivery = claim_one(world);
    assert_same_job(delivery.job, job);
    assert_text(delivery.job.owner, "alice");
}

static void settled_deliveries_are_kept_for_the_retention_time(void **state)
{
    struct world *world = *state;
    size_t count = 0;
    (void)cancelled_with_url(world, own_url);
    (void)cancelled_with_url(world, own_url);
    struct delivery delivery = claim_one(world);
    assert_true(settle(world, &delivery, (struct delivery_outcome){.state = DELIVERY_DELIVERED}));
    test_clock_advance(&world->clock, world->options.retention_ms - 1);
    assert_ok(world, store_prune(world->store, MAX, &count, &world->err));
    assert_int_equal(list(world).count, 2);
    test_clock_advance(&world->clock, 1);
    assert_ok(world, store_prune(world->store, MAX, &count, &world->err));
    assert_int_equal(list(world).count, 1);
    assert_int_equal(list(world).deliveries[0].state, DELIVERY_PENDING);
    test_clock_advance(&world->clock, DELIVERY_FORSAKEN_MS);
    assert_ok(world, store_prune(world->store, MAX, &count, &world->err));
    assert_int_equal(list(world).count, 0);
}

static void deliveries_are_listed_by_job_and_page(void **state)
{
    struct world *world = *state;
    tell_all(world, url_of_all, NULL);
    struct job first = cancelled_with_url(world, own_url);
    (void)cancelled_with_url(world, own_url);
    struct delivery_query query = {.has_job = true, .job = first.id, .limit = MAX};
    struct page page = {0};
    assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &page.deliveries,
                                           &page.count, &world->err));
    assert_int_equal(page.count, 2);
    assert_same_job(page.deliveries[0].job, first);
    assert_same_job(page.deliveries[1].job, first);
    query = (struct delivery_query){.limit = 3};
    assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &page.deliveries,
                                           &page.count, &world->err));
    assert_int_equal(page.count, 3);
}

const struct store_test suite_outbox[] = {
    STORE_TEST(a_job_without_any_url_writes_nothing),
    STORE_TEST(a_delivery_says_how_the_job_ended),
    STORE_TEST(each_way_to_end_is_told_and_expiry_is_not),
    STORE_TEST(an_attempt_that_is_tried_again_is_no_end),
    STORE_TEST(a_job_that_ends_twice_is_told_twice),
    STORE_TEST(each_url_is_told_once),
    STORE_TEST(a_claimed_delivery_is_nobody_elses_until_its_lease_ends),
    STORE_TEST(a_failed_attempt_is_due_again_after_its_delay),
    STORE_TEST(what_ended_with_its_sender_is_no_failure),
    STORE_TEST(one_that_ends_each_sender_ends_by_its_age),
    STORE_TEST(a_url_that_is_gone_is_told_no_more),
    STORE_TEST(a_busy_url_holds_up_no_other),
    STORE_TEST(slow_receivers_of_one_owner_hold_up_nobody_else),
    STORE_TEST(a_url_that_is_told_of_all_takes_no_place_of_an_owner),
    STORE_TEST(a_delivery_outlives_its_job),
    STORE_TEST(settled_deliveries_are_kept_for_the_retention_time),
    STORE_TEST(deliveries_are_listed_by_job_and_page),
    {0},
};
