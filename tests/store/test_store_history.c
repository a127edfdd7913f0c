/* SPDX-License-Identifier: Apache-2.0
 *
 * A random run against the promises of queue/store.h. What the threads were answered and every
 * event the hub told are recorded (history.h) and then checked:
 *
 *   1. a job whose create was answered ends in exactly one final state;
 *   2. a ticket settles its attempt once, what it writes lands in its own attempt only, and nothing
 *      that is out of date changes anything;
 *   3. the owner's limit holds at every event;
 *   4. a request_id gives one job;
 *   5. events come in order: revisions rise, states follow the state machine.
 *
 * The seed is printed; SEED=N draws the same calls again (threads still meet as they like).
 */
#include "base/digest.h"
#include "base/mem.h"
#include "queue/index.h"
#include "tests/store/history.h"

/* One job as the events tell of it. */
struct told {
    struct index_node node;
    struct job job; /* texts in history.texts */
    int64_t since;  /* the revision at which its attempt was first seen */
};

/* ---- What is recorded ---- */

static void record(void *target, const struct job *job)
{
    struct history *history = target;
    if (str_equal(job->owner, STR("the end"))) {
        atomic_store(&history->has_ended, true);
        return;
    }
    if (history->event_count == history->event_cap) {
        history->event_cap = history->event_cap ? history->event_cap * 2 : 1024;
        history->events = mem_resize_array(history->events, history->event_cap, sizeof(struct job));
    }
    job_copy(&history->texts, job, &history->events[history->event_count++]);
}

/* Lets everything that is left come to its end. */
static size_t finish(struct history *history)
{
    struct world *world = history->world;
    struct store_counters counters = {.queued = 1};
    size_t completed = 0;
    while (counters.queued + counters.running > 0) {
        test_clock_advance(&world->clock, 60000);
        (void)rescue_jobs(world);
        struct job job;
        struct ticket ticket;
        bool is_found = true;
        for (;;) {
            assert_ok(world, store_claim(world->store, "w", &world->arena, &job, &ticket, &is_found,
                                         &world->err));
            if (!is_found)
                break;
            complete_job(world, &ticket, 1);
            completed++;
        }
        assert_ok(world, store_count(world->store, &counters, &world->err));
    }
    (void)create_job(world, "the end");
    while (!atomic_load(&history->has_ended)) {
        struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
    hub_observe(world->hub, NULL, NULL);
    return completed;
}

/* ---- What is checked ---- */

static uint64_t hash_of(const struct index *jobs, struct uuid id)
{
    return index_hash(jobs, 0, (struct str){(const char *)id.bytes, sizeof id.bytes});
}

static struct told *find(const struct index *jobs, struct uuid id)
{
    struct index_node *node = index_first(jobs, hash_of(jobs, id));
    for (; node; node = index_next(node)) {
        struct told *told = CONTAINER_OF(node, struct told, node);
        if (uuid_equal(told->job.id, id))
            return told;
    }
    return NULL;
}

static bool is_progress(const struct job *before, const struct job *after)
{
    return before->state == JOB_RUNNING && after->state == JOB_RUNNING &&
           after->attempt == before->attempt &&
           after->progress.rows_done >= before->progress.rows_done;
}

static bool is_move(const struct job *before, const struct job *after)
{
    return job_may_move(before->state, after->state) &&
           (after->state != JOB_RUNNING || after->attempt == before->attempt + 1);
}

/* One that leaves out QUEUED, RUNNING or both, which were over at once: only a store that is not
 * serial may do that. */
static bool is_skip(const struct job *before, const struct job *after)
{
    if (store_case.is_serial || after->revision < before->revision + 2)
        return false;
    bool may_be_queued = before->state == JOB_QUEUED || job_may_move(before->state, JOB_QUEUED);
    return may_be_queued && (after->state == JOB_QUEUED || job_may_move(JOB_QUEUED, after->state) ||
                             job_may_move(JOB_RUNNING, after->state));
}

static void check_step(const struct job *before, const struct job *after)
{
    assert_true(after->revision > before->revision);
    if (!is_progress(before, after) && !is_move(before, after) && !is_skip(before, after))
        fail_msg("%s (revision %lld, attempt %d) became %s (revision %lld, attempt %d)",
                 job_state_name(before->state), (long long)before->revision, (int)before->attempt,
                 job_state_name(after->state), (long long)after->revision, (int)after->attempt);
}

/* What a ticket wrote lies in one attempt, and that is its own. */
static void check_writer(struct history *history, struct told *told, const struct job *job)
{
    int64_t number = job->progress.rows_total - 1;
    if (job->state == JOB_COMPLETED && !str_to_int64(job->file.key, &number))
        return; /* completed by finish() */
    if ((job->state != JOB_COMPLETED && job->state != JOB_RUNNING) || number < 0)
        return;
    struct held *held = &history->tickets[number];
    assert_true(uuid_equal(held->ticket.id, job->id));
    assert_int_equal(held->ticket.attempt, job->attempt);
    if (held->since == 0)
        held->since = told->since;
    assert_int_equal(held->since, told->since);
    if (job->state == JOB_COMPLETED)
        assert_int_equal(atomic_load(&held->completed), 1);
}

/* Walks the events; gives how often each state was entered. */
static void check_events(struct history *history, struct index *jobs, size_t *entered)
{
    int active['z' + 1] = {0};
    for (size_t i = 0; i < history->event_count; i++) {
        const struct job *job = &history->events[i];
        struct told *told = find(jobs, job->id);
        bool is_new = !told;
        if (is_new) {
            assert_state(*job, JOB_QUEUED);
            told = arena_alloc(&history->texts, sizeof *told);
            index_add(jobs, &told->node, hash_of(jobs, job->id));
        } else {
            check_step(&told->job, job);
        }
        int *mine = &active[(unsigned char)job->owner.ptr[0]];
        *mine -= !is_new && job_state_is_active(told->job.state);
        *mine += job_state_is_active(job->state);
        if (store_case.is_serial) /* else only who asks the store can tell: do_list */
            assert_in_range(*mine, 0, history->world->options.max_active_per_owner);
        if (is_new || told->job.state != job->state || job_state_is_final(job->state))
            entered[job->state]++;
        if (job->state == JOB_RUNNING && told->job.state != JOB_RUNNING)
            told->since = job->revision;
        check_writer(history, told, job);
        told->job = *job;
    }
}

static void check_end(struct history *history, const struct index *jobs, const size_t *entered,
                      size_t completed_at_end)
{
    struct world *world = history->world;
    size_t completed = completed_at_end;
    for (size_t i = 0; i < history->ticket_count; i++)
        completed += (size_t)atomic_load(&history->tickets[i].completed);
    assert_int_equal(entered[JOB_COMPLETED], completed);

    struct store_counters counters;
    assert_ok(world, store_count(world->store, &counters, &world->err));
    assert_int_equal(counters.processed, entered[JOB_COMPLETED]);
    assert_int_equal(counters.failed, entered[JOB_FAILED]);
    assert_int_equal(counters.cancelled, entered[JOB_CANCELLED]);

    for (size_t i = 0; i < history->job_count; i++) {
        const struct known_job *known = &history->jobs[i];
        const struct told *told = find(jobs, known->id);
        assert_non_null(told); /* each accepted job was told of */
        assert_true(job_state_is_final(told->job.state));
        struct job now;
        if (!store_get(world->store, known->id, &world->arena, &now, &world->err))
            assert_false(known->has_request);
        else
            assert_int_equal(now.revision, told->job.revision);
    }
}

static void a_random_history_keeps_the_promises(void **state)
{
    struct history *history = mem_new(struct history);
    const char *seed = getenv("SEED");
    if (!seed || !str_to_int64(str_of(seed), (int64_t *)&history->seed))
        digest_random(&history->seed, sizeof(uint32_t));
    print_message("SEED=%llu\n", (unsigned long long)history->seed);
    history->world = *state;
    history->tickets = mem_new_array(HISTORY_CALLS_MAX, sizeof(struct held));
    history->jobs = mem_new_array(HISTORY_CALLS_MAX, sizeof(struct known_job));
    /* Within reach of the clock, but removal by hand is the only way a request_id comes free. */
    history->world->options.retention_ms = 20000;
    world_restart(history->world);
    pthread_mutex_init(&history->mutex, NULL);
    hub_observe(history->world->hub, record, history);

    history_make(history);
    size_t completed_at_end = finish(history);
    if (history->broken.code != ERR_NONE)
        fail_msg("SEED=%llu: %s", (unsigned long long)history->seed, history->broken.text);
    size_t entered[JOB_STATE_COUNT] = {0};
    struct index jobs;
    index_init(&jobs);
    check_events(history, &jobs, entered);
    check_end(history, &jobs, entered, completed_at_end);
    print_message("%zu events of %zu jobs, %zu claims: %zu completed, %zu failed, %zu cancelled, "
                  "%zu expired\n",
                  history->event_count, jobs.count, history->ticket_count, entered[JOB_COMPLETED],
                  entered[JOB_FAILED], entered[JOB_CANCELLED], entered[JOB_EXPIRED]);

    index_done(&jobs);
    arena_done(&history->texts);
    pthread_mutex_destroy(&history->mutex);
    free(history->events);
    free(history->tickets);
    free(history->jobs);
    free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {store_case.name, a_random_history_keeps_the_promises, world_begin, world_end,
         (void *)(uintptr_t)&store_case},
    };
    return store_case_is_here() ? cmocka_run_group_tests(tests, NULL, NULL) : STORE_CASE_IS_SKIPPED;
}
