/* SPDX-License-Identifier: Apache-2.0
 *
 * See janitor.h. A failure is logged when it begins, not each second it lasts.
 */
#include "engine/janitor.h"

#include "base/mem.h"
#include "base/thread.h"
#include "worker/job_log.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    BATCH = 200,
    PAUSE_MS = 20, /* between full batches, for others to come through */
};

struct janitor {
    struct store *store;
    struct files *files;
    int64_t interval_ms;
    const struct job_listener *listener;
    struct sweep *sweep; /* the thread's own */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool is_ended;   /* under the mutex */
    bool has_failed; /* the thread's own: the last round did not work */
};

/* Waits; false when the end has come. */
static bool wait_a_while(struct janitor *janitor, int64_t ms)
{
    int64_t end_ms = clock_monotonic_ms() + ms;
    pthread_mutex_lock(&janitor->mutex);
    while (!janitor->is_ended && thread_wait_until(&janitor->ended, &janitor->mutex, end_ms)) {
    }
    bool is_ended = janitor->is_ended;
    pthread_mutex_unlock(&janitor->mutex);
    return !is_ended;
}

static bool rescue(struct janitor *janitor, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct job *jobs = NULL;
    size_t count = 0;
    if (!store_rescue(janitor->store, &arena, &jobs, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct log_line line;
        job_log_begin_failure(&line, &jobs[i], store_clock(janitor->store));
        log_end(&line);
        job_tell_failed(janitor->listener, &jobs[i]);
    }
    return true;
}

static bool expire(struct janitor *janitor, const struct job *job, struct err *err)
{
    bool is_expired = false;
    if (!files_remove(janitor->files, job->file.key, err) ||
        !store_expire(janitor->store, job->id, &is_expired, err))
        return false;
    if (is_expired) {
        struct log_line line;
        job_log_begin(&line, LOG_INFO, "job.expired", job);
        log_end(&line);
    }
    return true;
}

/* A file that cannot be removed now is tried again in the next round; the others go. */
static bool remove_expired(struct janitor *janitor, size_t *out_count, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct job *jobs = NULL;
    size_t count = 0;
    bool is_ok = store_list_expired(janitor->store, BATCH, &arena, &jobs, &count, err);
    for (size_t i = 0; i < count; i++) {
        bool is_gone = expire(janitor, &jobs[i], err);
        is_ok = is_ok && is_gone;
    }
    *out_count = count;
    return is_ok;
}

/* Each task is done even if another fails; *err is one of the failures. *out_is_more: a batch was
 * full. */
static bool clean(struct janitor *janitor, bool *out_is_more, struct err *err)
{
    size_t removed = 0;
    size_t pruned = 0;
    bool is_rescued = rescue(janitor, err);
    bool is_removed = remove_expired(janitor, &removed, err);
    bool is_pruned = store_prune(janitor->store, BATCH, &pruned, err);
    if (is_pruned && pruned > 0)
        log_event(LOG_DEBUG, "janitor.pruned", "jobs=%zu", pruned);
    *out_is_more = removed == BATCH || pruned == BATCH;
    return is_rescued && is_removed && is_pruned;
}

static void log_failure(struct janitor *janitor, bool is_ok, const struct err *err)
{
    if (!is_ok && !janitor->has_failed)
        log_event(LOG_WARNING, "janitor.failed", "code=%s reason=%s", err_code_name(err->code),
                  err->text);
    if (is_ok && janitor->has_failed)
        log_event(LOG_INFO, "janitor.recovered", "%s", "");
    janitor->has_failed = !is_ok;
}

/* One round; gives the milliseconds to the next. */
static int64_t clean_once(struct janitor *janitor)
{
    struct err err = {0};
    bool is_more = false;
    bool is_ok = clean(janitor, &is_more, &err);
    log_failure(janitor, is_ok, &err);
    return is_ok && is_more ? PAUSE_MS : janitor->interval_ms;
}

/* A sweep takes as long as there are files, and the rounds go on meanwhile. */
static void *keep_house(void *arg)
{
    struct janitor *janitor = arg;
    int64_t clean_ms = clock_monotonic_ms();
    int64_t pause_ms = 0;
    while (wait_a_while(janitor, pause_ms)) {
        if (clock_monotonic_ms() >= clean_ms) {
            int64_t clean_in_ms = clean_once(janitor);
            clean_ms = clock_monotonic_ms() + clean_in_ms;
        }
        int64_t sweep_in_ms = sweep_step(janitor->sweep);
        pause_ms = clean_ms - clock_monotonic_ms();
        if (sweep_in_ms < pause_ms)
            pause_ms = sweep_in_ms > PAUSE_MS ? sweep_in_ms : PAUSE_MS;
    }
    return NULL;
}

struct janitor_options janitor_options_default(void)
{
    return (struct janitor_options){
        .interval_ms = SECOND_MS,
        .sweep = {.first_ms = MINUTE_MS, .every_ms = HOUR_MS, .min_age_ms = HOUR_MS},
    };
}

struct janitor *janitor_start(struct store *store, struct files *files,
                              const struct janitor_options *options)
{
    struct janitor *janitor = mem_new(struct janitor);
    *janitor = (struct janitor){
        .store = store,
        .files = files,
        .interval_ms = options->interval_ms,
        .listener = options->listener,
        .sweep = sweep_new(store, files, &options->sweep),
    };
    pthread_mutex_init(&janitor->mutex, NULL);
    thread_condition_init(&janitor->ended);
    thread_start(&janitor->thread, keep_house, janitor);
    return janitor;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    pthread_mutex_lock(&janitor->mutex);
    janitor->is_ended = true;
    pthread_cond_signal(&janitor->ended);
    pthread_mutex_unlock(&janitor->mutex);
    pthread_join(janitor->thread, NULL);
    pthread_cond_destroy(&janitor->ended);
    pthread_mutex_destroy(&janitor->mutex);
    sweep_free(janitor->sweep);
    free(janitor);
}
