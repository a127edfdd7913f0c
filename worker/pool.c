/* SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. Each worker has a slot that says what it runs. `pool->mutex` guards the slots'
 * states and tickets; a slot's stop wish is atomic. A cancelled job is noticed through the hub;
 * if the hub told of any between a claim and its slot being filled, the store is asked once.
 */
#include "worker/pool.h"

#include "base/mem.h"
#include "base/thread.h"
#include "worker/job_log.h"
#include "worker/settle.h"

enum { IDLE_WAIT_MS = 1000, ERROR_WAIT_MS = 500 };

enum slot_state {
    SLOT_IDLE,
    SLOT_CLAIMING, /* about to have a job, or none; a drain waits for it */
    SLOT_RUNNING,  /* ticket and stop are the job's */
};

struct slot {
    struct pool *pool;
    pthread_t thread;
    char name[WORKER_NAME_MAX];
    enum slot_state state;
    bool is_away; /* the store, when it was asked last */
    struct ticket ticket;
    int64_t revision; /* of the job when it was claimed: what the hub tells of before is old */
    uint64_t cancels; /* the pool's when the claim began */
    struct stop stop;
    int64_t started_ms;  /* worker's own: monotonic */
    int64_t reported_ms; /* worker's own: monotonic */
    enum job_phase reported_phase;
};

struct pool {
    struct pool_options options;
    struct slot *slots;
    pthread_t heartbeat;
    pthread_mutex_t mutex;
    pthread_cond_t fell_idle;  /* a slot did */
    pthread_cond_t ended;      /* is_ended was set */
    bool is_draining;          /* claim no more */
    bool is_ended;             /* the heartbeat may go */
    uint64_t cancels;          /* how many cancelled jobs the hub told of */
    atomic_bool is_grace_over; /* what still runs is to stop; written under the mutex */
    atomic_size_t released;    /* jobs given back */
};

/* ---- What one worker does ---- */

/* False when there is nothing more to claim: the pool drains. */
static bool slot_begin_claim(struct slot *slot)
{
    struct pool *pool = slot->pool;
    pthread_mutex_lock(&pool->mutex);
    bool may_claim = !pool->is_draining;
    if (may_claim)
        slot->state = SLOT_CLAIMING;
    slot->cancels = pool->cancels;
    pthread_mutex_unlock(&pool->mutex);
    return may_claim;
}

/* False if the job may have been cancelled since it was claimed. */
static bool slot_fill(struct slot *slot, const struct job *job, const struct ticket *ticket)
{
    struct pool *pool = slot->pool;
    pthread_mutex_lock(&pool->mutex);
    stop_init(&slot->stop, pool->options.job_timeout_ms);
    slot->ticket = *ticket;
    slot->revision = job->revision;
    slot->state = SLOT_RUNNING;
    if (atomic_load(&pool->is_grace_over))
        stop_request(&slot->stop, STOP_DRAIN);
    bool is_sure = pool->cancels == slot->cancels;
    pthread_mutex_unlock(&pool->mutex);
    slot->started_ms = clock_monotonic_ms();
    slot->reported_ms = slot->started_ms;
    slot->reported_phase = PHASE_QUERYING;
    return is_sure;
}

static void slot_set_away(struct slot *slot, bool is_away)
{
    struct pool *pool = slot->pool;
    pthread_mutex_lock(&pool->mutex);
    slot->is_away = is_away;
    pthread_mutex_unlock(&pool->mutex);
}

static void slot_clear(struct slot *slot)
{
    struct pool *pool = slot->pool;
    pthread_mutex_lock(&pool->mutex);
    slot->state = SLOT_IDLE;
    pthread_cond_broadcast(&pool->fell_idle);
    pthread_mutex_unlock(&pool->mutex);
}

static void tell_store(struct slot *slot, const struct job_progress *progress)
{
    bool is_mine = true;
    struct err err = {0};
    /* A store that does not answer now is the heartbeat's business; progress may get lost. */
    if (store_progress(slot->pool->options.store, &slot->ticket, progress, &is_mine, &err) &&
        !is_mine)
        stop_request(&slot->stop, STOP_LOST);
}

/* One report an interval, and each new phase of a job that takes that long anyway. */
static void report(void *target, const struct job_progress *progress)
{
    struct slot *slot = target;
    int64_t now = clock_monotonic_ms();
    int64_t report_ms = slot->pool->options.report_ms;
    bool is_new_phase = progress->phase != slot->reported_phase;
    bool is_long = now - slot->started_ms >= report_ms;
    if (now - slot->reported_ms < report_ms && !(is_new_phase && is_long))
        return;
    slot->reported_ms = now;
    slot->reported_phase = progress->phase;
    tell_store(slot, progress);
}

static void log_started(const struct slot *slot, const struct job *job)
{
    struct log_line line;
    job_log_begin(&line, LOG_INFO, "job.started", job);
    log_add(&line, "worker=%s wait_ms=%lld", slot->name,
            (long long)(job->started_ms - job->due_ms));
    log_end(&line);
}

static void run_job(struct slot *slot, const struct job *job, const struct ticket *ticket,
                    struct arena *arena)
{
    const struct job_progress begun = {.phase = PHASE_QUERYING};
    log_started(slot, job);
    job_tell_started(slot->pool->options.listener, job);
    if (!slot_fill(slot, job, ticket))
        tell_store(slot, &begun);
    struct runner_watch watch = {.report = report, .target = slot};
    struct runner_result result;
    struct err why = {0};
    struct pool *pool = slot->pool;
    const struct settlement settlement = {
        .store = pool->options.store,
        .files = pool->options.runner->files,
        .job = job,
        .ticket = ticket,
        .started_ms = slot->started_ms,
        .is_in_haste = &pool->is_grace_over,
        .listener = pool->options.listener,
    };
    if (runner_run(pool->options.runner, job, &slot->stop, watch, arena, &result, &why))
        settle_result(&settlement, &result);
    else if (settle_failure(&settlement, stop_reason(&slot->stop), &why))
        (void)atomic_fetch_add(&pool->released, 1);
}

static bool pool_is_draining(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool is_draining = pool->is_draining;
    pthread_mutex_unlock(&pool->mutex);
    return is_draining;
}

/* Claims and runs one job, if there is one. */
static bool work_once(struct slot *slot, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    struct ticket ticket;
    bool is_found = false;
    bool is_ok =
        store_claim(slot->pool->options.store, slot->name, &arena, &job, &ticket, &is_found, err);
    slot_set_away(slot, !is_ok);
    if (is_ok && is_found)
        run_job(slot, &job, &ticket, &arena);
    slot_clear(slot);
    if (is_ok && !is_found && !pool_is_draining(slot->pool))
        store_wait(slot->pool->options.store, IDLE_WAIT_MS);
    return is_ok;
}

/* A store that is away is told of when it goes, not as often as it is asked. */
static void *work(void *arg)
{
    struct slot *slot = arg;
    bool was_away = false;
    while (slot_begin_claim(slot)) {
        struct err err = {0};
        bool is_away = !work_once(slot, &err);
        if (is_away && !was_away)
            log_event(LOG_WARNING, "worker.no_store", "worker=%s reason=%s", slot->name, err.text);
        if (is_away)
            store_wait(slot->pool->options.store, ERROR_WAIT_MS);
        was_away = is_away;
    }
    return NULL;
}

/* ---- Cancelled jobs, leases ---- */

/* The hub's observer: a cancelled job is stopped at once. */
static void see_change(void *target, const struct job *job)
{
    struct pool *pool = target;
    if (job->state != JOB_CANCELLED)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->cancels++;
    for (size_t i = 0; i < pool->options.worker_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state == SLOT_RUNNING && uuid_equal(slot->ticket.id, job->id) &&
            slot->revision < job->revision)
            stop_request(&slot->stop, STOP_CANCELLED);
    }
    pthread_mutex_unlock(&pool->mutex);
}

static void beat(struct pool *pool)
{
    size_t count = pool->options.worker_count;
    struct ticket *tickets CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *tickets);
    bool *is_lost CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *is_lost);
    size_t busy = 0;
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < count; i++)
        if (pool->slots[i].state == SLOT_RUNNING)
            tickets[busy++] = pool->slots[i].ticket;
    pthread_mutex_unlock(&pool->mutex);
    if (busy == 0)
        return;
    struct err err = {0};
    /* one that fails takes no lease: it outlives two lost beats */
    bool is_ok = store_heartbeat(pool->options.store, tickets, busy, is_lost, &err);
    pthread_mutex_lock(&pool->mutex);
    for (size_t s = 0; s < count; s++)
        if (pool->slots[s].state == SLOT_RUNNING)
            pool->slots[s].is_away = !is_ok;
    for (size_t i = 0; is_ok && i < busy; i++)
        for (size_t s = 0; is_lost[i] && s < count; s++) {
            struct slot *slot = &pool->slots[s];
            if (slot->state == SLOT_RUNNING && slot->ticket.claim == tickets[i].claim)
                stop_request(&slot->stop, STOP_LOST);
        }
    pthread_mutex_unlock(&pool->mutex);
}

static void *keep_leases(void *arg)
{
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->is_ended) {
        int64_t next_ms = clock_monotonic_ms() + pool->options.heartbeat_ms;
        while (!pool->is_ended && thread_wait_until(&pool->ended, &pool->mutex, next_ms)) {
        }
        if (pool->is_ended)
            break;
        pthread_mutex_unlock(&pool->mutex);
        beat(pool);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- Life ---- */

struct pool *pool_start(const struct pool_options *options)
{
    struct pool *pool = mem_new(struct pool);
    pool->options = *options;
    pthread_mutex_init(&pool->mutex, NULL);
    thread_condition_init(&pool->fell_idle);
    thread_condition_init(&pool->ended);
    pool->slots = mem_new_array(options->worker_count, sizeof *pool->slots);
    if (options->worker_count == 0)
        return pool;
    hub_observe(options->hub, see_change, pool);
    for (size_t i = 0; i < options->worker_count; i++) {
        struct slot *slot = &pool->slots[i];
        slot->pool = pool;
        (void)snprintf(slot->name, sizeof slot->name, "%s/%zu", options->name, i + 1);
        thread_start(&slot->thread, work, slot);
    }
    thread_start(&pool->heartbeat, keep_leases, pool);
    return pool;
}

void pool_read_use(struct pool *pool, struct pool_use *out)
{
    size_t count = pool->options.worker_count;
    struct pool_use use = {.all = count};
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < count; i++) {
        use.busy += pool->slots[i].state == SLOT_RUNNING;
        use.away += pool->slots[i].is_away;
    }
    pthread_mutex_unlock(&pool->mutex);
    *out = use;
}

static bool is_idle(const struct pool *pool)
{
    for (size_t i = 0; i < pool->options.worker_count; i++)
        if (pool->slots[i].state != SLOT_IDLE)
            return false;
    return true;
}

/* With the mutex held: waits until all slots are idle, at most `grace_ms`. */
static bool wait_idle(struct pool *pool, int64_t grace_ms)
{
    int64_t end_ms = clock_monotonic_ms() + grace_ms;
    while (!is_idle(pool) && thread_wait_until(&pool->fell_idle, &pool->mutex, end_ms)) {
    }
    return is_idle(pool);
}

size_t pool_drain(struct pool *pool, int64_t grace_ms)
{
    if (pool->options.worker_count == 0)
        return 0;
    pthread_mutex_lock(&pool->mutex);
    pool->is_draining = true;
    pthread_mutex_unlock(&pool->mutex);
    store_wake(pool->options.store);
    pthread_mutex_lock(&pool->mutex);
    bool is_grace_over = !wait_idle(pool, grace_ms);
    atomic_store(&pool->is_grace_over, is_grace_over);
    for (size_t i = 0; is_grace_over && i < pool->options.worker_count; i++)
        if (pool->slots[i].state == SLOT_RUNNING)
            stop_request(&pool->slots[i].stop, STOP_DRAIN);
    pthread_mutex_unlock(&pool->mutex);
    store_wake(pool->options.store); /* whoever waits to ask it again */
    for (size_t i = 0; i < pool->options.worker_count; i++)
        pthread_join(pool->slots[i].thread, NULL);
    pthread_mutex_lock(&pool->mutex);
    pool->is_ended = true;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->mutex);
    pthread_join(pool->heartbeat, NULL);
    hub_observe(pool->options.hub, NULL, NULL);
    return atomic_load(&pool->released);
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    if (!pool->is_draining)
        (void)pool_drain(pool, 0);
    pthread_cond_destroy(&pool->ended);
    pthread_cond_destroy(&pool->fell_idle);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->slots);
    free(pool);
}
