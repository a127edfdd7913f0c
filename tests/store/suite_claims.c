/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is, and who holds a job: claims, tickets, leases.
 */
#include "tests/store/store_kit.h"

static void jobs_are_claimed_in_the_order_in_which_they_came(void **state)
{
    struct world *world = *state;
    struct job jobs[5];
    char owner[] = "owner-0";
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        owner[6] = (char)('0' + i);
        jobs[i] = create_job(world, owner);
    }
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        struct ticket ticket;
        test_clock_advance(&world->clock, 10);
        struct job job = claim_job(world, &ticket);
        assert_same_job(job, jobs[i]);
        assert_state(job, JOB_RUNNING);
        assert_int_equal(job.attempt, 1);
        assert_int_equal(job.started_ms, world_now(world));
        assert_int_equal(job.progress.phase, PHASE_QUERYING);
        assert_true(uuid_equal(ticket.id, job.id));
        assert_int_equal(ticket.attempt, 1);
        assert_string_equal(ticket.worker, "worker-1");
    }
    assert_false(is_anything_due(world));
}

/* Creates jobs for the owners named by letters; claims; gives the owners in the order of claims. */
static void assert_order(struct world *world, const char *created, const char *claimed)
{
    for (const char *at = created; *at; at++)
        (void)create_job(world, (char[]){*at, '\0'});
    for (const char *at = claimed; *at; at++) {
        struct ticket ticket;
        struct job job = claim_job(world, &ticket);
        assert_int_equal(job.owner.ptr[0], *at);
    }
    assert_false(is_anything_due(world));
}

static void a_claimed_job_tells_since_when_it_was_due(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    bool is_mine = false;
    (void)create_job(world, "alice");
    test_clock_advance(&world->clock, 1500);
    struct job job = claim_job(world, &ticket);
    assert_int_equal(job.due_ms, job.created_ms);
    assert_int_equal(job.started_ms - job.due_ms, 1500);
    test_clock_advance(&world->clock, 100);
    fail_job(world, &ticket, ERR_SOURCE_CONFLICT);
    int64_t next_ms = get_job(world, job.id).next_attempt_ms;
    test_clock_advance(&world->clock, 60000);
    assert_int_equal(claim_job(world, &ticket).due_ms, next_ms);
    assert_ok(world, store_release(world->store, &ticket, &is_mine, &world->err));
    test_clock_advance(&world->clock, 7);
    job = claim_job(world, &ticket);
    assert_int_equal(job.started_ms - job.due_ms, 7);
}

static void owners_with_fewer_running_jobs_go_first(void **state)
{
    static const struct {
        const char *created;
        const char *claimed;
    } table[] = {
        {"aaaaa", "aaaaa"},           {"aaaab", "abaaa"},       {"aaabbb", "ababab"},
        {"abcabc", "abcabc"},         {"aabbcc", "abcabc"},     {"aaaaabc", "abcaaaa"},
        {"aaabbbcccc", "abcabcabcc"}, {"cbaaaccc", "cbaacacc"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        world_restart(world);
        assert_order(world, table[i].created, table[i].claimed);
    }
}

static void a_hungry_owner_does_not_starve_the_rest(void **state)
{
    enum { HUNGRY = 3000, OTHERS = 50 };
    struct world *world = *state;
    world->options.max_active_per_owner = HUNGRY;
    world_restart(world);
    for (int i = 0; i < HUNGRY; i++)
        (void)create_job(world, "hungry");
    char owner[32];
    for (int i = 0; i < OTHERS; i++) {
        (void)snprintf(owner, sizeof owner, "owner-%d", i);
        (void)create_job(world, owner);
    }
    struct ticket first;
    assert_text(claim_job(world, &first).owner, "hungry");
    for (int i = 0; i < OTHERS; i++) {
        struct ticket ticket;
        (void)snprintf(owner, sizeof owner, "owner-%d", i);
        assert_text(claim_job(world, &ticket).owner, owner);
    }
    /* Nothing of its running: whoever came first again. */
    complete_job(world, &first, 1);
    (void)create_job(world, "late");
    assert_text(claim_job(world, &first).owner, "hungry");
    assert_text(claim_job(world, &first).owner, "late");
}

/* ---- The line against a simple model of it ---- */

enum { MODEL_OWNERS = 26, MODEL_JOBS = 400, MODEL_STEPS = 4000 };

struct model_job {
    struct uuid id;
    struct ticket ticket;
    int owner;
    enum job_state state;
};

struct model {
    struct model_job jobs[MODEL_JOBS]; /* in the order in which they came */
    size_t count;
    int running[MODEL_OWNERS];
};

/* The rule, said once more and slowly. */
static struct model_job *model_first(struct model *model)
{
    struct model_job *first = NULL;
    for (size_t i = 0; i < model->count; i++) {
        struct model_job *job = &model->jobs[i];
        if (job->state == JOB_QUEUED &&
            (!first || model->running[job->owner] < model->running[first->owner]))
            first = job;
    }
    return first;
}

static void step_claim(struct world *world, struct model *model)
{
    struct model_job *first = model_first(model);
    if (!first) {
        assert_false(is_anything_due(world));
        return;
    }
    assert_true(uuid_equal(claim_job(world, &first->ticket).id, first->id));
    first->state = JOB_RUNNING;
    model->running[first->owner]++;
}

static void step_end(struct world *world, struct model *model, struct model_job *job)
{
    struct job out;
    if (job->state == JOB_RUNNING)
        complete_job(world, &job->ticket, 1);
    else if (job->state == JOB_QUEUED)
        assert_ok(world, store_remove(world->store, job->id, &somebody, &world->arena, &out, NULL,
                                      &world->err));
    model->running[job->owner] -= job->state == JOB_RUNNING;
    job->state = JOB_COMPLETED;
}

static void the_line_is_that_of_the_rule(void **state)
{
    struct world *world = *state;
    static struct model model; /* too large for a stack */
    model = (struct model){0};
    world->options.max_active_per_owner = MODEL_JOBS;
    world_restart(world);
    uint32_t random = 20260801;
    for (int i = 0; i < MODEL_STEPS; i++) {
        random = random * 1664525U + 1013904223U;
        uint32_t drawn = random >> 8;
        if (drawn % 4 < 2 && model.count < MODEL_JOBS) {
            struct model_job *job = &model.jobs[model.count++];
            job->owner = (int)(drawn / 4 % MODEL_OWNERS);
            job->id = create_job(world, (char[]){(char)('a' + job->owner), '\0'}).id;
            job->state = JOB_QUEUED;
        } else if (drawn % 4 == 2) {
            step_claim(world, &model);
        } else if (model.count > 0) {
            step_end(world, &model, &model.jobs[drawn / 4 % model.count]);
        }
    }
}

static void who_leaves_the_middle_of_the_line_disorders_nobody(void **state)
{
    struct world *world = *state;
    struct job jobs['z' + 1];
    struct job out;
    for (const char *at = "bdehi"; *at; at++) { /* these have one running job */
        struct ticket ticket;
        (void)create_job(world, (char[]){*at, '\0'});
        (void)claim_job(world, &ticket);
    }
    for (char owner = 'a'; owner <= 'g'; owner++)
        jobs[(int)owner] = create_job(world, (char[]){owner, '\0'});
    assert_ok(world, store_remove(world->store, jobs['d'].id, &somebody, &world->arena, &out, NULL,
                                  &world->err));
    assert_order(world, "hi", "acfgbehi");
}

static void a_cancelled_job_leaves_the_line(void **state)
{
    struct world *world = *state;
    struct job jobs[3];
    struct ticket ticket;
    for (size_t i = 0; i < COUNT_OF(jobs); i++)
        jobs[i] = create_job(world, "alice");
    assert_ok(world, store_cancel(world->store, jobs[0].id, &somebody, &world->arena, &jobs[0],
                                  NULL, &world->err));
    assert_same_job(claim_job(world, &ticket), jobs[1]);
    assert_ok(world, store_remove(world->store, jobs[2].id, &somebody, &world->arena, &jobs[2],
                                  NULL, &world->err));
    assert_false(is_anything_due(world));
}

/* ---- Tickets that are out of date ---- */

static void assert_changes_nothing(struct world *world, const struct ticket *ticket,
                                   const struct job *job)
{
    struct store *store = world->store;
    struct job_progress progress = {.phase = PHASE_WRITING, .rows_done = 99};
    struct job_warnings warnings = {0};
    struct job_file file = {.key = STR("stale")};
    struct err why;
    (void)err_set(&why, ERR_SOURCE_DATA, "stale");
    bool is_mine = true;
    bool is_lost = false;
    struct job failed;
    assert_ok(world, store_progress(store, ticket, &progress, &is_mine, &world->err));
    assert_false(is_mine);
    is_mine = true;
    assert_ok(world,
              store_complete(store, ticket, &file, &progress, &warnings, &is_mine, &world->err));
    assert_false(is_mine);
    is_mine = true;
    assert_ok(world,
              store_fail(store, ticket, &why, &world->arena, &failed, &is_mine, &world->err));
    assert_false(is_mine);
    is_mine = true;
    assert_ok(world, store_release(store, ticket, &is_mine, &world->err));
    assert_false(is_mine);
    assert_ok(world, store_heartbeat(store, ticket, 1, &is_lost, &world->err));
    assert_true(is_lost);
    if (!job)
        return;
    struct job now = get_job(world, job->id);
    assert_state(now, job->state);
    assert_int_equal(now.revision, job->revision);
}

static void a_forged_ticket_changes_nothing(void **state)
{
    struct world *world = *state;
    struct ticket ticket;
    (void)create_job(world, "alice");
    struct job job = claim_job(world, &ticket);
    struct ticket forged[4] = {ticket, ticket, ticket, ticket};
    forged[0].id.bytes[15] ^= 1;
    forged[1].attempt++;
    forged[2].claim++;
    forged[3].worker[0] = 'W';
    assert_changes_nothing(world, &forged[0], NULL);
    for (size_t i = 1; i < COUNT_OF(forged); i++)
        assert_changes_nothing(world, &forged[i], &job);
    complete_job(world, &ticket, 1);
}

static void cancel(struct world *world, const struct ticket *ticket)
{
    struct job job;
    assert_ok(world, store_cancel(world->store, ticket->id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
}

static void remove_job(struct world *world, const struct ticket *ticket)
{
    struct job job;
    assert_ok(world, store_remove(world->store, ticket->id, &somebody, &world->arena, &job, NULL,
                                  &world->err));
}

static void release(struct world *world, const struct ticket *ticket)
{
    bool is_mine = false;
    assert_ok(world, store_release(world->store, ticket, &is_mine, &world->err));
    assert_true(is_mine);
}

static void complete(struct world *world, const struct ticket *ticket)
{
    complete_job(world, ticket, 1);
}

static void fail_once(struct world *world, const struct ticket *ticket)
{
    fail_job(world, ticket, ERR_SOURCE_CONFLICT);
}

static void fail_for_good(struct world *world, const struct ticket *ticket)
{
    fail_job(world, ticket, ERR_SOURCE_DATA);
}

static void lose(struct world *world, const struct ticket *ticket)
{
    (void)ticket;
    test_clock_advance(&world->clock, world->options.lease_ms);
    (void)rescue_jobs(world);
}

/* The same attempt number of the same worker, and yet another claim. */
static void release_and_claim_again(struct world *world, const struct ticket *ticket)
{
    struct ticket next;
    release(world, ticket);
    (void)claim_job(world, &next);
    assert_int_equal(next.attempt, ticket->attempt);
}

static void retry_and_claim_again(struct world *world, const struct ticket *ticket)
{
    struct ticket next;
    struct job job;
    cancel(world, ticket);
    assert_ok(world,
              store_retry(world->store, ticket->id, &somebody, &world->arena, &job, &world->err));
    (void)claim_job(world, &next);
    assert_int_equal(next.attempt, ticket->attempt);
}

static void a_ticket_is_out_of_date_once_its_attempt_is_over(void **state)
{
    static void (*const ends[])(struct world * world, const struct ticket *ticket) = {
        cancel,
        release,
        complete,
        fail_once,
        fail_for_good,
        lose,
        release_and_claim_again,
        retry_and_claim_again,
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct ticket ticket;
        world_restart(world);
        (void)create_job(world, "alice");
        struct job job = claim_job(world, &ticket);
        ends[i](world, &ticket);
        job = get_job(world, job.id);
        assert_changes_nothing(world, &ticket, &job);
    }
    struct ticket ticket;
    world_restart(world);
    (void)create_job(world, "alice");
    (void)claim_job(world, &ticket);
    remove_job(world, &ticket);
    assert_changes_nothing(world, &ticket, NULL);
}

static void a_heartbeat_keeps_the_lease(void **state)
{
    struct world *world = *state;
    struct ticket tickets[2];
    bool is_lost[2];
    for (size_t i = 0; i < COUNT_OF(tickets); i++) {
        (void)create_job(world, "alice");
        (void)claim_job(world, &tickets[i]);
    }
    for (int beat = 0; beat < 5; beat++) {
        test_clock_advance(&world->clock, world->options.lease_ms / 2);
        size_t count = beat < 1 ? 2 : 1; /* the second falls silent */
        assert_ok(world, store_heartbeat(world->store, tickets, count, is_lost, &world->err));
        (void)rescue_jobs(world);
    }
    assert_ok(world, store_heartbeat(world->store, tickets, 2, is_lost, &world->err));
    assert_false(is_lost[0]);
    assert_true(is_lost[1]);
    assert_state(get_job(world, tickets[0].id), JOB_RUNNING);
    assert_state(get_job(world, tickets[1].id), JOB_QUEUED);
}

static void a_job_that_loses_its_workers_fails_in_the_end(void **state)
{
    struct world *world = *state;
    struct job job = create_job(world, "alice");
    for (int attempt = 1; attempt <= 3; attempt++) {
        struct ticket ticket;
        assert_int_equal(claim_job(world, &ticket).attempt, attempt);
        test_clock_advance(&world->clock, world->options.lease_ms - 1);
        (void)rescue_jobs(world);
        assert_state(get_job(world, job.id), JOB_RUNNING); /* not a moment too soon */
        test_clock_advance(&world->clock, 1);
        (void)rescue_jobs(world);
        job = get_job(world, job.id);
        assert_int_equal(job.error.code, ERR_WORKER_LOST);
        assert_state(job, attempt < 3 ? JOB_QUEUED : JOB_FAILED);
        test_clock_advance(&world->clock, world->options.retry.cap_ms);
    }
    assert_false(is_anything_due(world));
}

const struct store_test suite_claims[] = {
    STORE_TEST(jobs_are_claimed_in_the_order_in_which_they_came),
    STORE_TEST(a_claimed_job_tells_since_when_it_was_due),
    STORE_TEST(owners_with_fewer_running_jobs_go_first),
    STORE_TEST(a_hungry_owner_does_not_starve_the_rest),
    STORE_TEST(the_line_is_that_of_the_rule),
    STORE_TEST(who_leaves_the_middle_of_the_line_disorders_nobody),
    STORE_TEST(a_cancelled_job_leaves_the_line),
    STORE_TEST(a_forged_ticket_changes_nothing),
    STORE_TEST(a_ticket_is_out_of_date_once_its_attempt_is_over),
    STORE_TEST(a_heartbeat_keeps_the_lease),
    STORE_TEST(a_job_that_loses_its_workers_fails_in_the_end),
    {0},
};
