/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of deliveries: what is listed, and that one is sent again for whoever asks and may.
 */
#include "tests/store/store_kit.h"

enum { MAX = 1000 };

struct page {
    const struct delivery *deliveries;
    size_t count;
};

static struct page claim(struct world *world)
{
    struct page page = {0};
    assert_ok(world, store_claim_deliveries(world->store, MAX, &world->arena, &page.deliveries,
                                            &page.count, &world->err));
    return page;
}

static struct delivery claim_one(struct world *world)
{
    struct page page = claim(world);
    assert_int_equal(page.count, 1);
    return page.deliveries[0];
}

static bool settle(struct world *world, const struct delivery *delivery, enum delivery_state end)
{
    const struct delivery_outcome outcome = {.state = end,
                                             .delay_ms = DELIVERY_LEASE_MS,
                                             .status = 500,
                                             .reason = STR("it answered 500")};
    bool is_mine = false;
    assert_ok(world,
              store_settle_delivery(world->store, delivery, &outcome, &is_mine, &world->err));
    return is_mine;
}

/* A job that ended, and one more delivery. */
static struct job ended(struct world *world, const char *owner)
{
    struct job job;
    struct job_draft draft = draft_of(owner, NULL);
    draft.spec.webhook_url = STR("https://example.org/own");
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    assert_ok(world, store_cancel(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
    return job;
}

static struct page list(struct world *world, struct delivery_query query)
{
    struct page page = {0};
    query.limit = query.limit ? query.limit : MAX;
    assert_ok(world, store_list_deliveries(world->store, &query, &world->arena, &page.deliveries,
                                           &page.count, &world->err));
    return page;
}

static void deliveries_are_listed_newest_first_by_job_owner_state_and_page(void **state)
{
    struct world *world = *state;
    const struct job jobs[] = {ended(world, "alice"), ended(world, "alice"), ended(world, "bob")};
    struct page page = claim(world);
    assert_int_equal(page.count, COUNT_OF(jobs));
    for (size_t i = 0; i < page.count; i++)
        if (uuid_equal(page.deliveries[i].job.id, jobs[1].id))
            assert_true(settle(world, &page.deliveries[i], DELIVERY_GIVEN_UP));
    page = list(world, (struct delivery_query){0});
    assert_int_equal(page.count, 3);
    for (size_t i = 0; i < page.count; i++)
        assert_same_job(page.deliveries[i].job, jobs[2 - i]);
    const struct {
        struct delivery_query query;
        size_t count;
        size_t first; /* of jobs */
    } rows[] = {
        {{.has_job = true, .job = jobs[0].id}, 1, 0},
        {{.owner = STR("alice")}, 2, 1},
        {{.owner = STR("carol")}, 0, 0},
        {{.states = BIT(DELIVERY_GIVEN_UP)}, 1, 1},
        {{.states = BIT(DELIVERY_GIVEN_UP) | BIT(DELIVERY_PENDING)}, 3, 2},
        {{.owner = STR("alice"), .states = BIT(DELIVERY_PENDING)}, 1, 0},
        {{.limit = 2}, 2, 2},
        {{.before = page.deliveries[1].number}, 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        page = list(world, rows[i].query);
        assert_int_equal(page.count, rows[i].count);
        if (page.count)
            assert_same_job(page.deliveries[0].job, jobs[rows[i].first]);
    }
}

/* ---- Once more ---- */

static struct delivery resend(struct world *world, struct uuid id, unsigned expected_acts)
{
    const struct delivery_again again = {.id = id, .owner = STR("alice"), .actor = somebody};
    struct delivery delivery;
    unsigned acts = 0;
    assert_ok(world, store_resend_delivery(world->store, &again, &world->arena, &delivery, &acts,
                                           &world->err));
    assert_int_equal(acts, expected_acts);
    assert_true(uuid_equal(delivery.id, id));
    return delivery;
}

static size_t count_resends(struct world *world)
{
    const struct audit_query query = {.actions = BIT(AUDIT_RESEND), .limit = MAX};
    const struct audit_entry *entries = NULL;
    size_t count = 0;
    assert_ok(world,
              store_list_audit(world->store, &query, &world->arena, &entries, &count, &world->err));
    for (size_t i = 0; i < count; i++) {
        assert_text(entries[i].owner, "alice");
        assert_text(entries[i].type, "trades");
        assert_text(entries[i].actor.name, "somebody");
    }
    return count;
}

static void a_settled_delivery_is_sent_again_under_its_id_when_asked_for(void **state)
{
    struct world *world = *state;
    static const enum delivery_state ends[] = {DELIVERY_DELIVERED, DELIVERY_GIVEN_UP};
    struct job job = ended(world, "alice");
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const struct delivery first = claim_one(world);
        assert_true(settle(world, &first, ends[i]));
        test_clock_advance(&world->clock, DELIVERY_LEASE_MS + 1);
        assert_int_equal(claim(world).count, 0);
        struct delivery delivery = resend(world, first.id, BIT(AUDIT_RESEND));
        assert_int_equal(delivery.state, DELIVERY_PENDING);
        assert_int_equal(delivery.next_ms, world_now(world));
        assert_int_equal(delivery.settled_ms, 0);
        assert_int_equal(delivery.status, 500); /* of the last answer, still */
        assert_text(delivery.reason, "it answered 500");
        assert_same_job(delivery.job, job);
        assert_int_equal(count_resends(world), i + 1);
        assert_false(settle(world, &first, DELIVERY_GIVEN_UP)); /* who sent it before is out */
    }
    struct delivery last = claim_one(world);
    assert_true(settle(world, &last, DELIVERY_DELIVERED));
}

static void one_that_waits_for_its_next_attempt_is_due_at_once(void **state)
{
    struct world *world = *state;
    (void)ended(world, "alice");
    struct delivery delivery = claim_one(world);
    assert_true(settle(world, &delivery, DELIVERY_PENDING));
    assert_int_equal(claim(world).count, 0);
    (void)resend(world, delivery.id, BIT(AUDIT_RESEND));
    assert_true(uuid_equal(claim_one(world).id, delivery.id));
}

static void one_that_is_under_way_is_not_sent_twice(void **state)
{
    struct world *world = *state;
    (void)ended(world, "alice");
    struct delivery delivery = claim_one(world);
    (void)resend(world, delivery.id, 0);
    assert_int_equal(count_resends(world), 0);
    assert_int_equal(claim(world).count, 0);
    assert_true(settle(world, &delivery, DELIVERY_DELIVERED));
}

static void nobody_sends_again_what_is_not_there_or_anothers(void **state)
{
    struct world *world = *state;
    (void)ended(world, "alice");
    struct delivery delivery = claim_one(world);
    assert_true(settle(world, &delivery, DELIVERY_GIVEN_UP));
    const struct delivery_again refused[] = {
        {.id = delivery.id, .owner = STR("bob"), .actor = somebody},
        {.id = delivery.job.id, .actor = somebody},
    };
    struct delivery out;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_false(store_resend_delivery(world->store, &refused[i], &world->arena, &out, NULL,
                                           &world->err));
        assert_int_equal(world->err.code, ERR_NOT_FOUND);
    }
    assert_int_equal(count_resends(world), 0);
    assert_int_equal(claim(world).count, 0);
    const struct delivery_again of_any_owner = {.id = delivery.id, .actor = somebody};
    assert_ok(world, store_resend_delivery(world->store, &of_any_owner, &world->arena, &out, NULL,
                                           &world->err));
    assert_int_equal(claim(world).count, 1);
}

const struct store_test suite_deliveries[] = {
    STORE_TEST(deliveries_are_listed_newest_first_by_job_owner_state_and_page),
    STORE_TEST(a_settled_delivery_is_sent_again_under_its_id_when_asked_for),
    STORE_TEST(one_that_waits_for_its_next_attempt_is_due_at_once),
    STORE_TEST(one_that_is_under_way_is_not_sent_twice),
    STORE_TEST(nobody_sends_again_what_is_not_there_or_anothers),
    {0},
};
