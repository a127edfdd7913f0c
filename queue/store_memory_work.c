/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: what workers and the janitor ask.
 */
#include "queue/store_memory.h"

#include "base/digest.h"
#include "queue/refusal.h"

enum { LONGEST_WAIT_MS = 60 * 60 * 1000 };

/* ---- Claiming ---- */

static void claim(struct memory_store *store, struct memory_job *entry, const char *worker,
                  struct ticket *out)
{
    struct job *job = &entry->job;
    int64_t now = memory_now(store);
    memory_move(store, entry, JOB_RUNNING);
    job->attempt++;
    job->started_ms = now;
    job->due_ms = entry->due_ms;
    job->progress = (struct job_progress){.phase = PHASE_QUERYING};
    entry->claim = ++store->last_claim;
    entry->lease_until_ms = memory_steady(store) + store->options.lease_ms;
    (void)snprintf(entry->worker, sizeof entry->worker, "%s", worker);
    *out = (struct ticket){.id = job->id, .attempt = job->attempt, .claim = entry->claim};
    (void)snprintf(out->worker, sizeof out->worker, "%s", worker);
    memory_publish(store, entry);
}

bool memory_claim(struct store *base, const char *worker, struct arena *arena, struct job *out,
                  struct ticket *out_ticket, bool *out_found, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = memory_line_first(store);
    if (entry) {
        claim(store, entry, worker, out_ticket);
        job_copy(arena, &entry->job, out);
    }
    pthread_mutex_unlock(&store->mutex);
    *out_found = entry != NULL;
    return true;
}

void memory_wait(struct store *base, int64_t timeout_ms)
{
    struct memory_store *store = memory_of(base);
    int64_t end_ms =
        clock_monotonic_ms() + (timeout_ms < LONGEST_WAIT_MS ? timeout_ms : LONGEST_WAIT_MS);
    pthread_mutex_lock(&store->mutex);
    uint64_t wakes = store->wakes;
    for (;;) {
        int64_t due_in = memory_line_due_in(store);
        int64_t now_ms = clock_monotonic_ms();
        if (due_in == 0 || store->wakes != wakes || now_ms >= end_ms)
            break;
        bool is_due_sooner = due_in > 0 && due_in < end_ms - now_ms;
        (void)thread_wait_until(&store->changed, &store->mutex,
                                is_due_sooner ? now_ms + due_in : end_ms);
    }
    pthread_mutex_unlock(&store->mutex);
}

void memory_wake(struct store *base)
{
    struct memory_store *store = memory_of(base);
    pthread_mutex_lock(&store->mutex);
    store->wakes++;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

/* ---- Running jobs ---- */

/* The ticket's job, if it still is. */
static struct memory_job *holder(struct memory_store *store, const struct ticket *ticket)
{
    struct memory_job *entry = memory_look_up(store, ticket->id);
    bool is_holder = entry && entry->job.state == JOB_RUNNING && entry->claim == ticket->claim &&
                     entry->job.attempt == ticket->attempt &&
                     strcmp(entry->worker, ticket->worker) == 0;
    return is_holder ? entry : NULL;
}

bool memory_heartbeat(struct store *base, const struct ticket *tickets, size_t count,
                      bool *out_is_lost, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < count; i++) {
        struct memory_job *entry = holder(store, &tickets[i]);
        out_is_lost[i] = !entry;
        if (entry)
            entry->lease_until_ms = memory_steady(store) + store->options.lease_ms;
    }
    pthread_mutex_unlock(&store->mutex);
    return true;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Never backwards, whatever the worker tells. */
static void advance(struct job_progress *progress, const struct job_progress *told)
{
    struct job_progress next = *told;
    if (next.phase < progress->phase)
        next.phase = progress->phase;
    next.rows_done = larger(next.rows_done, progress->rows_done);
    next.bytes_written = larger(next.bytes_written, progress->bytes_written);
    *progress = next;
}

bool memory_progress(struct store *base, const struct ticket *ticket,
                     const struct job_progress *progress, bool *out_is_mine, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = holder(store, ticket);
    if (entry) {
        advance(&entry->job.progress, progress);
        memory_publish(store, entry);
    }
    pthread_mutex_unlock(&store->mutex);
    *out_is_mine = entry != NULL;
    return true;
}

/* ---- Settling ---- */

static void complete(struct memory_store *store, struct memory_job *entry,
                     const struct job_file *file, const struct job_progress *progress,
                     const struct job_warnings *warnings)
{
    struct job *job = &entry->job;
    arena_done(&entry->result);
    job->error = (struct job_error){0};
    job->file = *file;
    job->file.key = arena_copy_str(&entry->result, file->key);
    job->file.name = arena_copy_str(&entry->result, file->name);
    job->file.content_type = arena_copy_str(&entry->result, file->content_type);
    job->file.sha256 = arena_copy_str(&entry->result, file->sha256);
    advance(&job->progress, progress);
    job->warnings = *warnings;
    memory_move(store, entry, JOB_COMPLETED);
    store->total_duration_ms += job->completed_ms - job->started_ms;
    memory_publish(store, entry);
}

bool memory_complete(struct store *base, const struct ticket *ticket, const struct job_file *file,
                     const struct job_progress *progress, const struct job_warnings *warnings,
                     bool *out_is_mine, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = holder(store, ticket);
    if (entry)
        complete(store, entry, file, progress, warnings);
    pthread_mutex_unlock(&store->mutex);
    *out_is_mine = entry != NULL;
    return true;
}

static void fail(struct memory_store *store, struct memory_job *entry, enum err_code code,
                 const char *text)
{
    struct job *job = &entry->job;
    const struct retry_policy *policy = &store->options.retry;
    arena_done(&entry->result);
    job->error.code = code;
    job->error.message = arena_copy_str(&entry->result, str_of(text));
    if (!retry_is_due(job->attempt, job->max_attempts, code)) {
        memory_move(store, entry, JOB_FAILED);
        memory_publish(store, entry);
        return;
    }
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    memory_move(store, entry, JOB_QUEUED);
    store->counters.retried++;
    memory_line_add(store, entry, memory_now(store) + retry_delay_ms(policy, job->attempt, random));
    memory_publish(store, entry);
}

bool memory_fail(struct store *base, const struct ticket *ticket, const struct err *why,
                 struct arena *arena, struct job *out, bool *out_is_mine, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = holder(store, ticket);
    if (entry) {
        fail(store, entry, why->code, why->text);
        job_copy(arena, &entry->job, out);
    }
    pthread_mutex_unlock(&store->mutex);
    *out_is_mine = entry != NULL;
    return true;
}

bool memory_release(struct store *base, const struct ticket *ticket, bool *out_is_mine,
                    struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = holder(store, ticket);
    if (entry) {
        entry->job.attempt--;
        memory_move(store, entry, JOB_QUEUED);
        memory_line_add(store, entry, memory_now(store));
        memory_publish(store, entry);
    }
    pthread_mutex_unlock(&store->mutex);
    *out_is_mine = entry != NULL;
    return true;
}

/* ---- The janitor ---- */

bool memory_rescue(struct store *base, struct arena *arena, const struct job **out,
                   size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    size_t count = 0;
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct job *jobs = arena_alloc_array(arena, (size_t)store->counters.running, sizeof *jobs);
    int64_t now = memory_steady(store);
    struct list *next = NULL;
    for (struct list *node = store->running.next; node != &store->running; node = next) {
        next = node->next;
        struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_state);
        if (entry->lease_until_ms > now)
            continue;
        fail(store, entry, ERR_WORKER_LOST, LOST_WORKER);
        job_copy(arena, &entry->job, &jobs[count++]);
    }
    pthread_mutex_unlock(&store->mutex);
    *out = jobs;
    *out_count = count;
    return true;
}

/* Those whose retention is over go where they wait for their turn. */
static void gather_expired(struct memory_store *store, int64_t now)
{
    struct list *next = NULL;
    for (struct list *node = store->finished.next; node != &store->finished; node = next) {
        next = node->next;
        struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_state);
        if (entry->job.expires_ms > now)
            break; /* in the order in which they ended */
        if (entry->job.state != JOB_COMPLETED)
            continue;
        list_remove(node);
        list_push(&store->expired, node);
    }
}

static bool may_expire(const struct memory_store *store, const struct memory_job *entry,
                       int64_t now)
{
    bool is_downloading = entry->download.lease && entry->download_until_ms > memory_steady(store);
    return entry->job.expires_ms <= now && !is_downloading; /* the clock may have been set back */
}

bool memory_list_expired(struct store *base, size_t limit, struct arena *arena,
                         const struct job **out, size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct job *jobs = arena_alloc_array(arena, limit, sizeof *jobs);
    size_t count = 0;
    (void)err;
    pthread_mutex_lock(&store->mutex);
    int64_t now = memory_now(store);
    gather_expired(store, now);
    const struct list *last = store->expired.prev;
    bool is_round = list_is_empty(&store->expired);
    while (!is_round && count < limit) {
        struct list *node = list_pop(&store->expired);
        is_round = node == last;
        list_push(&store->expired, node);
        const struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_state);
        if (may_expire(store, entry, now))
            job_copy(arena, &entry->job, &jobs[count++]);
    }
    pthread_mutex_unlock(&store->mutex);
    *out = jobs;
    *out_count = count;
    return true;
}

bool memory_expire(struct store *base, struct uuid id, bool *out_is_expired, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_job *entry = memory_look_up(store, id);
    *out_is_expired = entry && entry->job.state == JOB_COMPLETED;
    if (*out_is_expired) {
        entry->job.file.key = (struct str){0};
        memory_move(store, entry, JOB_EXPIRED);
        memory_publish(store, entry);
    }
    pthread_mutex_unlock(&store->mutex);
    return true;
}

/* Whether the file is the job's, or may yet be. */
static bool may_have(const struct memory_job *entry, const struct attempt_file *file)
{
    const struct job *job = &entry->job;
    bool is_running = job->state == JOB_RUNNING && job->attempt == file->attempt;
    return is_running || str_equal(job->file.key, file->key);
}

bool memory_find_orphans(struct store *base, const struct attempt_file *files, size_t count,
                         bool *out_is_orphan, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < count; i++) {
        const struct memory_job *entry = memory_look_up(store, files[i].id);
        out_is_orphan[i] = !entry || !may_have(entry, &files[i]);
    }
    pthread_mutex_unlock(&store->mutex);
    return true;
}

bool memory_prune(struct store *base, size_t limit, size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    size_t count = 0;
    (void)err;
    pthread_mutex_lock(&store->mutex);
    int64_t now = memory_now(store);
    struct list *next = NULL;
    for (struct list *node = store->finished.next; node != &store->finished && count < limit;
         node = next) {
        next = node->next;
        struct memory_job *entry = CONTAINER_OF(node, struct memory_job, by_state);
        if (entry->job.expires_ms > now)
            break;
        if (entry->job.state == JOB_COMPLETED)
            continue; /* its file comes first */
        memory_forget(store, entry);
        count++;
    }
    memory_outbox_prune(store, limit);
    pthread_mutex_unlock(&store->mutex);
    *out_count = count;
    return true;
}

bool memory_count(struct store *base, struct store_counters *out, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    *out = store->counters;
    if (out->processed)
        out->avg_duration_ms = store->total_duration_ms / out->processed;
    out->queue_age_ms = memory_line_age(store);
    pthread_mutex_unlock(&store->mutex);
    return true;
}
