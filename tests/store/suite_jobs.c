/* SPDX-License-Identifier: Apache-2.0
 *
 * What doors ask: create, get, list, cancel, retry, remove.
 */
#include "tests/store/store_kit.h"

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static const struct uuid unknown_id = {{1, 2, 3}};

static void a_created_job_is_queued_and_holds_what_was_asked_for(void **state)
{
    struct world *world = *state;
    char owner[] = "alice"; /* overwritten below: the store has its own copies */
    char value[] = "BTC";
    const struct str values[] = {str_of(value), STR("ETH")};
    const struct job_filter filters[] = {{STR("symbol"), values, COUNT_OF(values)}};
    const struct str columns[] = {STR("price"), STR("time")};
    struct job_draft draft = {
        .owner = str_of(owner),
        .request_id = STR("r-1"),
        .trace_parent = STR(TRACE),
        .trace_state = STR("a=1,b=2"),
        .spec = {.type = STR("trades"),
                 .format = STR("csv"),
                 .filters = filters,
                 .filter_count = COUNT_OF(filters),
                 .columns = columns,
                 .column_count = COUNT_OF(columns),
                 .limit = 10,
                 .presentation = {.locale = STR("de-DE"), .delimiter = ';', .has_bom = true},
                 .webhook_url = STR("https://example.org/hook")},
    };
    struct job job;
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    memset(owner, 'x', sizeof owner - 1);
    memset(value, 'x', sizeof value - 1);
    const struct job jobs[] = {job, get_job(world, job.id)};
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        assert_same_job(jobs[i], job);
        assert_state(jobs[i], JOB_QUEUED);
        assert_text(jobs[i].owner, "alice");
        assert_text(jobs[i].request_id, "r-1");
        assert_text(jobs[i].trace_parent, TRACE);
        assert_text(jobs[i].trace_state, "a=1,b=2");
        assert_text(jobs[i].spec.filters[0].values[0], "BTC");
        assert_text(jobs[i].spec.columns[1], "time");
        assert_text(jobs[i].spec.presentation.locale, "de-DE");
        assert_int_equal(jobs[i].spec.presentation.delimiter, ';');
        assert_text(jobs[i].spec.webhook_url, "https://example.org/hook");
        assert_int_equal(jobs[i].spec.limit, 10);
        assert_int_equal(jobs[i].attempt, 0);
        assert_int_equal(jobs[i].max_attempts, 3);
        assert_int_equal(jobs[i].created_ms, world_now(world));
        assert_int_equal(jobs[i].started_ms, 0);
        assert_int_equal(jobs[i].completed_ms, 0);
        assert_int_equal(jobs[i].next_attempt_ms, 0);
        assert_int_equal(jobs[i].expires_ms, 0);
        assert_int_equal(jobs[i].error.code, ERR_NONE);
        assert_int_equal(jobs[i].file.key.len, 0);
    }
}

static void ids_ascend_in_the_order_of_creation(void **state)
{
    struct world *world = *state;
    struct job last = create_job(world, "owner-0");
    char owner[32];
    for (int i = 1; i < 50; i++) {
        (void)snprintf(owner, sizeof owner, "owner-%d", i / 2);
        struct job job = job_in_state(world, owner, JOB_CANCELLED);
        assert_true(uuid_compare(last.id, job.id) < 0);
        if (i % 10 == 0)
            test_clock_advance(&world->clock, 1);
        last = job;
    }
}

static void a_job_that_is_not_there_is_not_found(void **state)
{
    struct world *world = *state;
    struct store *store = world->store;
    struct job out;
    int64_t number = 0;
    (void)create_job(world, "alice");
    assert_refused(world, store_get(store, unknown_id, &world->arena, &out, &world->err),
                   ERR_NOT_FOUND);
    assert_non_null(strstr(world->err.text, "01020300-0000-0000-0000-000000000000"));
    assert_refused(
        world, store_cancel(store, unknown_id, &somebody, &world->arena, &out, NULL, &world->err),
        ERR_NOT_FOUND);
    assert_refused(world,
                   store_retry(store, unknown_id, &somebody, &world->arena, &out, &world->err),
                   ERR_NOT_FOUND);
    assert_refused(
        world, store_remove(store, unknown_id, &somebody, &world->arena, &out, NULL, &world->err),
        ERR_NOT_FOUND);
    assert_refused(world, store_issue_token(store, unknown_id, &somebody, &number, &world->err),
                   ERR_NOT_FOUND);
    assert_refused(world,
                   store_download_open(store,
                                       &(struct download_request){unknown_id, 1, 0, somebody},
                                       &world->arena, &out, &number, &world->err),
                   ERR_NOT_FOUND);
    (void)expire_job(world, unknown_id); /* removed meanwhile */
}

static void an_owner_has_so_many_active_jobs_and_no_more(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    struct job job;
    for (int i = 0; i < 5; i++)
        job = create_job(world, "alice");
    (void)claim_job(world, &ticket); /* running counts as well */
    struct job_draft draft = draft_of("alice", NULL);
    assert_refused(world,
                   store_create(world->store, &draft, &world->arena, &job, NULL, &world->err),
                   ERR_LIMIT);
    assert_int_equal(world->err.retry_after_ms, 1000);
    assert_non_null(strstr(world->err.text, "5"));
    (void)create_job(world, "bob"); /* another owner is not concerned */

    complete_job(world, &ticket, 1);
    job = create_job(world, "alice");
    assert_refused(world,
                   store_create(world->store, &draft, &world->arena, &job, NULL, &world->err),
                   ERR_LIMIT);
    assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
    (void)create_job(world, "alice");
}

/* To its worker, too, and after a failure; who asks again for the same does not change it. */
static void a_job_stays_in_the_trace_of_the_call_that_made_it(void **state)
{
    struct world *world = *state;
    struct job_draft draft = draft_of("alice", "r-1");
    struct ticket ticket;
    struct job job;
    draft.trace_parent = STR(TRACE);
    draft.trace_state = STR("a=1");
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    draft.trace_parent = STR("00-0123456789abcdef0123456789abcdef-0123456789abcdef-00");
    draft.trace_state = STR("b=2");
    assert_ok(world, store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    assert_text(job.trace_parent, TRACE);
    const struct job claimed = claim_job(world, &ticket);
    assert_text(claimed.trace_parent, TRACE);
    assert_text(claimed.trace_state, "a=1");
    fail_job(world, &ticket, ERR_SOURCE_DATA);
    assert_text(get_job(world, job.id).trace_parent, TRACE);
    assert_text(get_job(world, job.id).trace_state, "a=1");
    assert_ok(world,
              store_retry(world->store, job.id, &somebody, &world->arena, &job, &world->err));
    assert_text(job.trace_parent, TRACE);
    const struct job other = create_job(world, "bob");
    assert_text(other.trace_parent, "");
    assert_text(other.trace_state, "");
}

static void a_request_id_gives_the_same_job_again(void **state)
{
    struct world *world = *state;
    struct job_draft draft = draft_of("alice", "r-1");
    struct job first;
    struct job again;
    assert_ok(world, store_create(world->store, &draft, &world->arena, &first, NULL, &world->err));
    for (int i = 0; i < 4; i++)
        (void)create_job(world, "alice");
    /* At the limit, too: nothing is created. */
    assert_ok(world, store_create(world->store, &draft, &world->arena, &again, NULL, &world->err));
    assert_same_job(first, again);
    assert_int_equal(again.revision, first.revision);

    struct job_draft other = draft;
    other.spec.format = STR("json");
    assert_refused(world,
                   store_create(world->store, &other, &world->arena, &again, NULL, &world->err),
                   ERR_EXISTS);

    other = draft_of("bob", "r-1");
    assert_ok(world, store_create(world->store, &other, &world->arena, &again, NULL, &world->err));
    assert_false(uuid_equal(first.id, again.id));

    assert_ok(world, store_cancel(world->store, first.id, &somebody, &world->arena, &again, NULL,
                                  &world->err));
    assert_ok(world, store_create(world->store, &draft, &world->arena, &again, NULL, &world->err));
    assert_same_job(first, again);
    assert_state(again, JOB_CANCELLED);

    assert_ok(world, store_remove(world->store, first.id, &somebody, &world->arena, &again, NULL,
                                  &world->err));
    assert_ok(world, store_create(world->store, &draft, &world->arena, &again, NULL, &world->err));
    assert_false(uuid_equal(first.id, again.id));
}

static void lists_are_newest_first_and_filtered(void **state)
{
    struct world *world = *state;
    struct job jobs[6];
    jobs[0] = job_in_state(world, "alice", JOB_COMPLETED);
    jobs[1] = job_in_state(world, "bob", JOB_FAILED);
    jobs[2] = job_in_state(world, "alice", JOB_CANCELLED);
    struct job_draft goals = draft_of("alice", "r-3");
    goals.spec.type = STR("goals");
    assert_ok(world,
              store_create(world->store, &goals, &world->arena, &jobs[3], NULL, &world->err));
    jobs[4] = create_job(world, "bob");
    jobs[5] = create_job(world, "alice");

    const struct {
        struct job_query query;
        const char *expected; /* indices into jobs */
    } table[] = {
        {{.limit = 10}, "543210"},
        {{.limit = 2}, "54"},
        {{.limit = 10, .owner = STR("alice")}, "5320"},
        {{.limit = 10, .owner = STR("carol")}, ""},
        {{.limit = 10, .states = BIT(JOB_QUEUED)}, "543"},
        {{.limit = 10, .states = BIT(JOB_QUEUED) | BIT(JOB_FAILED), .owner = STR("bob")}, "41"},
        {{.limit = 10, .type = STR("goals")}, "3"},
        {{.limit = 10, .request_id = STR("r-3"), .owner = STR("alice")}, "3"},
        {{.limit = 10, .request_id = STR("r-3"), .owner = STR("bob")}, ""},
        {{.limit = 10, .has_before = true, .before = jobs[3].id}, "210"},
        {{.limit = 1, .has_before = true, .before = jobs[3].id}, "2"},
        {{.limit = 10, .has_before = true, .before = jobs[4].id, .owner = STR("alice")}, "320"},
        {{.limit = 10, .has_before = true, .before = jobs[0].id}, ""},
        {{.limit = 10, .has_before = true, .before = unknown_id}, ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct job *out = NULL;
        size_t count = 0;
        assert_ok(world, store_list(world->store, &table[i].query, &world->arena, &out, &count,
                                    &world->err));
        assert_int_equal(count, strlen(table[i].expected));
        for (size_t k = 0; k < count; k++)
            assert_same_job(out[k], jobs[table[i].expected[k] - '0']);
    }
}

static void pages_go_on_where_the_last_job_was_removed(void **state)
{
    struct world *world = *state;
    struct job jobs[4];
    for (size_t i = 0; i < COUNT_OF(jobs); i++)
        jobs[i] = create_job(world, "alice");
    struct job removed;
    assert_ok(world, store_remove(world->store, jobs[2].id, &somebody, &world->arena, &removed,
                                  NULL, &world->err));
    struct job_query query = {
        .owner = STR("alice"), .has_before = true, .before = jobs[2].id, .limit = 10};
    const struct job *out = NULL;
    size_t count = 0;
    assert_ok(world, store_list(world->store, &query, &world->arena, &out, &count, &world->err));
    assert_int_equal(count, 2);
    assert_same_job(out[0], jobs[1]);
}

static void what_may_be_cancelled(void **state)
{
    struct world *world = *state;
    static const bool may[JOB_STATE_COUNT] = {
        [JOB_QUEUED] = true, [JOB_RUNNING] = true, [JOB_CANCELLED] = true};
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job before = job_in_state(world, "alice", (enum job_state)from);
        struct job after;
        if (may[from]) {
            assert_ok(world, store_cancel(world->store, before.id, &somebody, &world->arena, &after,
                                          NULL, &world->err));
            assert_state(after, JOB_CANCELLED);
            assert_int_equal(after.completed_ms, world_now(world));
            assert_int_equal(after.expires_ms, world_now(world) + world->options.retention_ms);
            /* Cancelling again changes nothing. */
            assert_int_equal(after.revision > before.revision, from != JOB_CANCELLED);
        } else {
            assert_refused(world,
                           store_cancel(world->store, before.id, &somebody, &world->arena, &after,
                                        NULL, &world->err),
                           ERR_WRONG_STATE);
            assert_non_null(strstr(world->err.text, job_state_name((enum job_state)from)));
            assert_int_equal(get_job(world, before.id).revision, before.revision);
        }
        assert_false(is_anything_due(world)); /* a cancelled job never runs */
    }
}

static void what_may_be_tried_again(void **state)
{
    struct world *world = *state;
    static const bool may[JOB_STATE_COUNT] = {[JOB_FAILED] = true, [JOB_CANCELLED] = true};
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job before = job_in_state(world, "alice", (enum job_state)from);
        struct job after;
        if (!may[from]) {
            assert_refused(
                world,
                store_retry(world->store, before.id, &somebody, &world->arena, &after, &world->err),
                ERR_WRONG_STATE);
            assert_int_equal(get_job(world, before.id).revision, before.revision);
        } else {
            assert_ok(world, store_retry(world->store, before.id, &somebody, &world->arena, &after,
                                         &world->err));
            assert_state(after, JOB_QUEUED);
            assert_true(after.revision > before.revision);
            assert_int_equal(after.attempt, 0);
            assert_int_equal(after.error.code, ERR_NONE);
            assert_int_equal(after.error.message.len, 0);
            assert_int_equal(after.progress.phase, PHASE_QUEUED);
            assert_int_equal(after.started_ms, 0);
            assert_int_equal(after.completed_ms, 0);
            assert_int_equal(after.expires_ms, 0);
            struct ticket ticket;
            assert_same_job(claim_job(world, &ticket), before);
        }
        /* Out of the way of the next. */
        assert_ok(world, store_remove(world->store, before.id, &somebody, &world->arena, &after,
                                      NULL, &world->err));
    }
}

static void trying_again_counts_against_the_limit(void **state)
{
    struct world *world = *state;
    struct job failed = job_in_state(world, "alice", JOB_FAILED);
    struct job job;
    for (int i = 0; i < 5; i++)
        (void)create_job(world, "alice");
    assert_refused(
        world, store_retry(world->store, failed.id, &somebody, &world->arena, &job, &world->err),
        ERR_LIMIT);
    assert_int_equal(world->err.retry_after_ms, 1000);
    assert_state(get_job(world, failed.id), JOB_FAILED);
}

static void removing_tells_watchers_of_each_step(void **state)
{
    struct world *world = *state;
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job before = job_in_state(world, "alice", (enum job_state)from);
        struct job out;
        struct job seen = {0};
        while (seen.revision < before.revision)
            assert_int_equal(world_next_change(world, &seen), WATCH_CHANGE);
        assert_ok(world, store_remove(world->store, before.id, &somebody, &world->arena, &out, NULL,
                                      &world->err));
        if (job_state_is_active(before.state)) {
            assert_int_equal(world_next_change(world, &seen), WATCH_CHANGE);
            assert_state(seen, JOB_CANCELLED);
            assert_state(out, JOB_CANCELLED);
        } else {
            assert_state(out, before.state);
        }
        if (before.state == JOB_COMPLETED)
            assert_text(out.file.key, "key"); /* so that the file can be removed */
        assert_int_equal(world_next_change(world, &seen), WATCH_GONE);
        assert_same_job(seen, before);
        assert_refused(world, store_get(world->store, before.id, &world->arena, &out, &world->err),
                       ERR_NOT_FOUND);
        assert_false(is_anything_due(world));
    }
}

static void every_change_is_published_with_a_higher_revision(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    struct job job = create_job(world, "alice");
    (void)claim_job(world, &ticket);
    fail_job(world, &ticket, ERR_SOURCE_UNAVAILABLE);
    test_clock_advance(&world->clock, 60000);
    (void)claim_job(world, &ticket);
    complete_job(world, &ticket, 1);
    (void)expire_job(world, job.id);
    static const enum job_state expected[] = {JOB_QUEUED,  JOB_RUNNING,   JOB_QUEUED,
                                              JOB_RUNNING, JOB_COMPLETED, JOB_EXPIRED};
    int64_t revision = 0;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        struct job seen;
        assert_int_equal(world_next_change(world, &seen), WATCH_CHANGE);
        assert_same_job(seen, job);
        assert_state(seen, expected[i]);
        assert_true(seen.revision > revision);
        revision = seen.revision;
    }
    assert_int_equal(get_job(world, job.id).revision, revision);
}

const struct store_test suite_jobs[] = {
    STORE_TEST(a_created_job_is_queued_and_holds_what_was_asked_for),
    STORE_TEST(ids_ascend_in_the_order_of_creation),
    STORE_TEST(a_job_that_is_not_there_is_not_found),
    STORE_TEST(an_owner_has_so_many_active_jobs_and_no_more),
    STORE_TEST(a_job_stays_in_the_trace_of_the_call_that_made_it),
    STORE_TEST(a_request_id_gives_the_same_job_again),
    STORE_TEST(lists_are_newest_first_and_filtered),
    STORE_TEST(pages_go_on_where_the_last_job_was_removed),
    STORE_TEST(what_may_be_cancelled),
    STORE_TEST(what_may_be_tried_again),
    STORE_TEST(trying_again_counts_against_the_limit),
    STORE_TEST(removing_tells_watchers_of_each_step),
    STORE_TEST(every_change_is_published_with_a_higher_revision),
    {0},
};
