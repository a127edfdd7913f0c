/* SPDX-License-Identifier: Apache-2.0
 *
 * See janitor.h. A failure is logged when it begins, not each second it lasts.
 */
#include "engine/janitor.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum {
    INTERVAL_MS = 1000,
    BATCH = 200,
    PAUSE_MS = 20, /* between full batches, for others to come through */
};

struct janitor {
    struct store *store;
    struct files *files;
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

/* A file that cannot be removed now is tried again in the next round; the others go. */
static bool remove_expired(struct janitor *janitor, size_t *out_count, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct job *jobs = NULL;
    size_t count = 0;
    bool is_ok = store_list_expired(janitor->store, BATCH, &arena, &jobs, &count, err);
    for (size_t i = 0; i < count; i++) {
        bool is_gone = files_remove(janitor->files, jobs[i].file.key, err) &&
                       store_expire(janitor->store, jobs[i].id, err);
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
    bool is_rescued = store_rescue(janitor->store, err);
    bool is_removed = remove_expired(janitor, &removed, err);
    bool is_pruned = store_prune(janitor->store, BATCH, &pruned, err);
    *out_is_more = removed == BATCH || pruned == BATCH;
    return is_rescued && is_removed && is_pruned;
}

static void log_failure(struct janitor *janitor, bool is_ok, const struct err *err)
{
    char reason[LOG_QUOTED_SIZE];
    if (!is_ok && !janitor->has_failed)
        log_event(LOG_WARNING, "janitor.failed", "code=%s reason=%s", err_code_name(err->code),
                  log_quote(str_of(err->text), reason));
    if (is_ok && janitor->has_failed)
        log_event(LOG_INFO, "janitor.recovered", "%s", "");
    janitor->has_failed = !is_ok;
}

static void *keep_house(void *arg)
{
    struct janitor *janitor = arg;
    int64_t pause_ms = 0;
    while (wait_a_while(janitor, pause_ms)) {
        struct err err = {0};
        bool is_more = false;
        bool is_ok = clean(janitor, &is_more, &err);
        log_failure(janitor, is_ok, &err);
        pause_ms = is_ok && is_more ? PAUSE_MS : INTERVAL_MS;
    }
    return NULL;
}

struct janitor *janitor_start(struct store *store, struct files *files)
{
    struct janitor *janitor = mem_new(struct janitor);
    *janitor = (struct janitor){.store = store, .files = files};
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
    free(janitor);
}
