/* SPDX-License-Identifier: Apache-2.0
 *
 * See janitor.h. A failure is logged when it begins, not each second it lasts.
 */
#include "server/janitor.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum { INTERVAL_MS = 1000, BATCH = 100 };

struct janitor {
    struct exports *exports;
    struct rpc_health *health;
    const char *service_name;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool is_ended;    /* under the mutex */
    bool was_serving; /* the thread's own */
    bool has_failed;  /* the thread's own: the last round did not work */
};

/* A file that cannot be removed now is tried again in the next round; the others go. */
static bool remove_expired(struct exports *exports, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct job *jobs = NULL;
    size_t count = 0;
    bool is_ok = store_list_expired(exports->store, BATCH, &arena, &jobs, &count, err);
    for (size_t i = 0; i < count; i++) {
        bool is_gone = files_remove(exports->files, jobs[i].file.key, err) &&
                       store_expire(exports->store, jobs[i].id, err);
        is_ok = is_ok && is_gone;
    }
    return is_ok;
}

/* Each task is done even if another fails; *err is one of the failures. */
static bool clean(struct exports *exports, struct err *err)
{
    size_t pruned = 0;
    bool is_rescued = store_rescue(exports->store, err);
    bool is_removed = remove_expired(exports, err);
    bool is_pruned = store_prune(exports->store, BATCH, &pruned, err);
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

static void tell_health(struct janitor *janitor, bool is_serving)
{
    if (is_serving == janitor->was_serving)
        return;
    janitor->was_serving = is_serving;
    rpc_health_set(janitor->health, "", is_serving);
    rpc_health_set(janitor->health, janitor->service_name, is_serving);
}

static void round_once(struct janitor *janitor)
{
    struct exports *exports = janitor->exports;
    struct err err = {0};
    if (!exports->is_enabled) {
        tell_health(janitor, true);
        return;
    }
    bool is_clean = clean(exports, &err);
    bool is_file_store_ok = files_check(exports->files, &err);
    atomic_store(&exports->is_file_store_ok, is_file_store_ok);
    log_failure(janitor, is_clean && is_file_store_ok, &err);
    struct exports_health health;
    exports_health(exports, &health);
    tell_health(janitor, health.status == EXPORTS_OK || health.status == EXPORTS_DRAINING);
}

static void *keep_house(void *arg)
{
    struct janitor *janitor = arg;
    pthread_mutex_lock(&janitor->mutex);
    while (!janitor->is_ended) {
        int64_t next_ms = clock_monotonic_ms() + INTERVAL_MS;
        while (!janitor->is_ended && thread_wait_until(&janitor->ended, &janitor->mutex, next_ms)) {
        }
        if (janitor->is_ended)
            break;
        pthread_mutex_unlock(&janitor->mutex);
        round_once(janitor);
        pthread_mutex_lock(&janitor->mutex);
    }
    pthread_mutex_unlock(&janitor->mutex);
    return NULL;
}

struct janitor *janitor_start(struct exports *exports, struct rpc_health *health,
                              const char *service_name)
{
    struct janitor *janitor = mem_new(struct janitor);
    *janitor = (struct janitor){.exports = exports, .health = health, .service_name = service_name};
    pthread_mutex_init(&janitor->mutex, NULL);
    thread_condition_init(&janitor->ended);
    round_once(janitor);
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
