/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit: each act of somebody's is there once, what was refused or done before is not.
 */
#include "tests/store/store_kit.h"

enum { MAX = 1000 };

static const struct actor alice = {.name = {"alice", 5}, .address = {"192.0.2.1", 9}};
static const struct actor bob = {.name = {"bob", 3}, .address = {"2001:db8::b", 11}};
static const struct actor nobody = {.address = {"192.0.2.9", 9}};

struct page {
    const struct audit_entry *entries;
    size_t count;
};

static struct page list(struct world *world, struct audit_query query)
{
    struct page page = {0};
    query.limit = query.limit ? query.limit : MAX;
    assert_ok(world, store_list_audit(world->store, &query, &world->arena, &page.entries,
                                      &page.count, &world->err));
    return page;
}

/* "create alice, cancel bob": the entries as words, the oldest first. */
static void assert_acts(struct world *world, struct audit_query query, const char *expected)
{
    char text[1024] = "";
    size_t len = 0;
    struct page page = list(world, query);
    for (size_t i = page.count; i-- > 0;) {
        const struct audit_entry *entry = &page.entries[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %.*s", len ? ", " : "",
                                audit_action_name(entry->action), STR_ARG(entry->actor.name));
        assert_true(len < sizeof text);
    }
    assert_string_equal(text, expected);
}

static struct job create_as(struct world *world, const char *owner, const struct actor *actor)
{
    struct job job;
    struct job_draft draft = draft_of(owner, NULL);
    unsigned acts = 0;
    draft.actor = *actor;
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, &acts, &world->err));
    assert_int_equal(acts, BIT(AUDIT_CREATE));
    return job;
}

static void an_entry_says_who_did_what_with_which_job_when_and_from_where(void **state)
{
    struct world *world = *state;
    struct job job = create_as(world, "alice", &alice);
    unsigned acts = 0;
    test_clock_advance(&world->clock, 5);
    assert_ok(world,
              store_cancel(world->store, job.id, &bob, &world->arena, &job, &acts, &world->err));
    assert_int_equal(acts, BIT(AUDIT_CANCEL));
    struct page page = list(world, (struct audit_query){0});
    assert_int_equal(page.count, 2);
    const struct audit_entry *newest = &page.entries[0];
    const struct audit_entry *oldest = &page.entries[1];
    assert_true(oldest->number > 0 && newest->number > oldest->number);
    assert_int_equal(newest->at_ms, world_now(world));
    assert_int_equal(oldest->at_ms, world_now(world) - 5);
    assert_int_equal(newest->action, AUDIT_CANCEL);
    assert_int_equal(oldest->action, AUDIT_CREATE);
    assert_text(newest->actor.name, "bob");
    assert_text(newest->actor.address, "2001:db8::b");
    assert_text(oldest->actor.name, "alice");
    assert_text(oldest->actor.address, "192.0.2.1");
    for (size_t i = 0; i < page.count; i++) {
        assert_true(uuid_equal(page.entries[i].job, job.id));
        assert_text(page.entries[i].owner, "alice");
        assert_text(page.entries[i].type, "trades");
    }
}

static void every_kind_of_act_is_told_once_and_outlives_its_job(void **state)
{
    struct world *world = *state;
    struct store *store = world->store;
    struct arena *arena = &world->arena;
    struct err *err = &world->err;
    struct ticket ticket;
    struct job job = create_as(world, "alice", &alice);
    struct job out;
    int64_t token = 0;
    int64_t lease = 0;
    unsigned acts = 0;
    assert_ok(world, store_cancel(store, job.id, &alice, arena, &out, NULL, err));
    assert_ok(world, store_retry(store, job.id, &bob, arena, &out, err));
    (void)claim_job(world, &ticket);
    complete_job(world, &ticket, 100);
    assert_ok(world, store_issue_token(store, job.id, &alice, &token, err));
    struct download_request request = {job.id, token, 0, nobody};
    const struct transfer half = {0, 50, 50, token};
    assert_ok(world, store_download_open(store, &request, arena, &out, &lease, err));
    assert_ok(world, store_download_renew(store, job.id, lease, &half, err));
    assert_ok(world, store_download_close(store, job.id, lease, &half, err));
    request.offset = 50;
    request.actor = bob;
    assert_ok(world, store_download_open(store, &request, arena, &out, &lease, err));
    assert_ok(world, store_remove(store, job.id, &alice, arena, &out, &acts, err));
    assert_int_equal(acts, BIT(AUDIT_DELETE));
    assert_acts(world, (struct audit_query){.has_job = true, .job = job.id},
                "create alice, cancel alice, retry bob, token alice, download , resume bob, "
                "delete alice");
}

static void an_active_job_that_is_deleted_was_cancelled_by_the_same(void **state)
{
    struct world *world = *state;
    struct job job = create_as(world, "alice", &alice);
    unsigned acts = 0;
    assert_ok(world,
              store_remove(world->store, job.id, &bob, &world->arena, &job, &acts, &world->err));
    assert_int_equal(acts, BIT(AUDIT_CANCEL) | BIT(AUDIT_DELETE));
    assert_acts(world, (struct audit_query){0}, "create alice, cancel bob, delete bob");
}

static void what_changes_nothing_is_no_act(void **state)
{
    struct world *world = *state;
    struct store *store = world->store;
    struct job_draft draft = draft_of("alice", "r-1");
    struct job job;
    unsigned acts = ~0U;
    draft.actor = alice;
    assert_ok(world, store_create(store, &draft, &world->arena, &job, NULL, &world->err));
    assert_ok(world, store_create(store, &draft, &world->arena, &job, &acts, &world->err));
    assert_int_equal(acts, 0);
    assert_ok(world, store_cancel(store, job.id, &alice, &world->arena, &job, NULL, &world->err));
    acts = ~0U;
    assert_ok(world, store_cancel(store, job.id, &bob, &world->arena, &job, &acts, &world->err));
    assert_int_equal(acts, 0);
    assert_acts(world, (struct audit_query){0}, "create alice, cancel alice");
}

static void what_is_refused_is_not_in_the_audit(void **state)
{
    struct world *world = *state;
    struct store *store = world->store;
    struct arena *arena = &world->arena;
    struct job done = job_in_state(world, "bob", JOB_COMPLETED);
    struct job_draft draft = draft_of("alice", NULL);
    struct job out;
    int64_t number = 0;
    for (int i = 0; i < 5; i++)
        (void)create_as(world, "alice", &alice);
    int64_t newest = list(world, (struct audit_query){0}).entries[0].number;
    draft.actor = alice;
    assert_refused(world, store_create(store, &draft, arena, &out, NULL, &world->err), ERR_LIMIT);
    assert_refused(world, store_cancel(store, done.id, &alice, arena, &out, NULL, &world->err),
                   ERR_WRONG_STATE);
    assert_refused(world, store_retry(store, done.id, &alice, arena, &out, &world->err),
                   ERR_WRONG_STATE);
    struct download_request request = {done.id, 1, 0, alice};
    assert_refused(world, store_download_open(store, &request, arena, &out, &number, &world->err),
                   ERR_EXPIRED);
    const struct uuid unknown = {{1, 2, 3}};
    assert_refused(world, store_remove(store, unknown, &alice, arena, &out, NULL, &world->err),
                   ERR_NOT_FOUND);
    assert_refused(world, store_issue_token(store, unknown, &alice, &number, &world->err),
                   ERR_NOT_FOUND);
    assert_int_equal(list(world, (struct audit_query){0}).entries[0].number, newest);
}

static void what_the_queue_does_by_itself_is_no_act(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    size_t count = 0;
    struct job expired = job_in_state(world, "alice", JOB_EXPIRED);
    (void)job_in_state(world, "alice", JOB_FAILED);
    (void)create_as(world, "alice", &alice);
    (void)claim_job(world, &ticket);
    test_clock_advance(&world->clock, world->options.lease_ms + 1);
    assert_int_equal(rescue_jobs(world), 1);
    test_clock_advance(&world->clock, world->options.retention_ms + 1);
    assert_ok(world, store_prune(world->store, 10, &count, &world->err));
    assert_int_equal(count, 2);
    assert_refused(world, store_get(world->store, expired.id, &world->arena, &expired, &world->err),
                   ERR_NOT_FOUND);
    struct page page = list(world, (struct audit_query){0});
    assert_int_equal(page.count, 3);
    for (size_t i = 0; i < page.count; i++)
        assert_int_equal(page.entries[i].action, AUDIT_CREATE);
}

static void a_list_can_be_narrowed_in_each_way(void **state)
{
    struct world *world = *state;
    struct job first = create_as(world, "alice", &alice);
    int64_t first_ms = world_now(world);
    test_clock_advance(&world->clock, 1000);
    struct job second = create_as(world, "bob", &bob);
    assert_ok(world,
              store_cancel(world->store, first.id, &bob, &world->arena, &first, NULL, &world->err));
    int64_t middle_ms = world_now(world);
    test_clock_advance(&world->clock, 1000);
    assert_ok(world, store_remove(world->store, second.id, &alice, &world->arena, &second, NULL,
                                  &world->err));
    const struct {
        struct audit_query query;
        const char *expected;
    } rows[] = {
        {{0}, "create alice, create bob, cancel bob, cancel alice, delete alice"},
        {{.actor = STR("alice")}, "create alice, cancel alice, delete alice"},
        {{.actor = STR("bob")}, "create bob, cancel bob"},
        {{.actor = STR("carol")}, ""},
        {{.owner = STR("alice")}, "create alice, cancel bob"},
        {{.owner = STR("bob")}, "create bob, cancel alice, delete alice"},
        {{.has_job = true, .job = first.id}, "create alice, cancel bob"},
        {{.actions = BIT(AUDIT_CREATE)}, "create alice, create bob"},
        {{.actions = BIT(AUDIT_CANCEL) | BIT(AUDIT_DELETE)},
         "cancel bob, cancel alice, delete alice"},
        {{.since_ms = middle_ms}, "create bob, cancel bob, cancel alice, delete alice"},
        {{.until_ms = middle_ms}, "create alice"},
        {{.since_ms = first_ms, .until_ms = first_ms}, ""},
        {{.since_ms = middle_ms, .until_ms = middle_ms + 1}, "create bob, cancel bob"},
        {{.actor = STR("alice"), .owner = STR("bob"), .actions = BIT(AUDIT_DELETE)},
         "delete alice"},
        {{.limit = 2}, "cancel alice, delete alice"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_acts(world, rows[i].query, rows[i].expected);
}

static void pages_hold_each_entry_once_whatever_is_added_meanwhile(void **state)
{
    struct world *world = *state;
    struct audit_query query = {.owner = STR("alice"), .limit = 2};
    char name[] = "1";
    size_t seen = 0;
    for (; name[0] <= '5'; name[0]++)
        (void)create_as(world, "alice",
                        &(struct actor){.name = str_of(name), .address = STR("192.0.2.1")});
    for (;;) {
        struct page page = list(world, query);
        for (size_t i = 0; i < page.count; i++) {
            char expected[] = {(char)('5' - (int)seen++), '\0'};
            assert_text(page.entries[i].actor.name, expected);
        }
        if (page.count < query.limit)
            break;
        query.before = page.entries[page.count - 1].number;
        (void)create_as(world, "bob", &bob);
    }
    assert_int_equal(seen, 5);
}

static void names_may_hold_any_character(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"O'Brien \"x\"", "a\\b{c},d", "東京 🗻", "null", ""};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct actor actor = {.name = str_of(names[i]), .address = STR("192.0.2.1")};
        struct job job = create_as(world, "alice", &actor);
        assert_ok(world, store_remove(world->store, job.id, &actor, &world->arena, &job, NULL,
                                      &world->err));
        struct page page = list(world, (struct audit_query){.has_job = true, .job = job.id});
        assert_int_equal(page.count, 3);
        for (size_t j = 0; j < page.count; j++)
            assert_text(page.entries[j].actor.name, names[i]);
        if (names[i][0])
            assert_int_equal(list(world, (struct audit_query){.actor = actor.name}).count, 3);
    }
}

const struct store_test suite_audit[] = {
    STORE_TEST(an_entry_says_who_did_what_with_which_job_when_and_from_where),
    STORE_TEST(every_kind_of_act_is_told_once_and_outlives_its_job),
    STORE_TEST(an_active_job_that_is_deleted_was_cancelled_by_the_same),
    STORE_TEST(what_changes_nothing_is_no_act),
    STORE_TEST(what_is_refused_is_not_in_the_audit),
    STORE_TEST(what_the_queue_does_by_itself_is_no_act),
    STORE_TEST(a_list_can_be_narrowed_in_each_way),
    STORE_TEST(pages_hold_each_entry_once_whatever_is_added_meanwhile),
    STORE_TEST(names_may_hold_any_character),
    {0},
};
