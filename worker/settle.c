/* SPDX-License-Identifier: Apache-2.0
 *
 * See settle.h. A job that the store was asked to settle twice is no longer the ticket's the second
 * time; then the job itself tells whose file it has.
 */
#include "worker/settle.h"

#include "base/log.h"
#include "base/thread.h"

enum { ASK_AGAIN_MS = 200, FACTS_SIZE = 64 };

static void log_end(const struct settlement *settlement, const char *event, const char *more)
{
    const struct job *job = settlement->job;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    log_event(LOG_INFO, event,
              "job=%s type=%.*s format=%.*s attempt=%d worker=%s duration_ms=%lld%s", id,
              STR_ARG(job->spec.type), STR_ARG(job->spec.format), (int)job->attempt,
              settlement->ticket->worker,
              (long long)(clock_monotonic_ms() - settlement->started_ms), more);
}

/* Before the store is asked again; false if there is no time for it. */
static bool wait_to_ask_again(const struct settlement *settlement)
{
    if (atomic_load(settlement->is_in_haste))
        return false;
    thread_sleep_ms(ASK_AGAIN_MS);
    return true;
}

/* ---- A file ---- */

enum told { TOLD_MINE, TOLD_NOT_MINE, NOT_TOLD };

/* Once the store has left a call unanswered: whether the job has the file all the same. */
static enum told ask_whose(const struct settlement *settlement, struct str key)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    struct err err = {0};
    if (store_get(settlement->store, settlement->job->id, &arena, &job, &err))
        return str_equal(job.file.key, key) ? TOLD_MINE : TOLD_NOT_MINE;
    return err.code == ERR_NOT_FOUND ? TOLD_NOT_MINE : NOT_TOLD;
}

static enum told complete(const struct settlement *settlement, const struct runner_result *result)
{
    bool was_unanswered = false;
    do {
        bool is_mine = false;
        struct err err = {0};
        enum told told = NOT_TOLD;
        if (store_complete(settlement->store, settlement->ticket, &result->file, &result->progress,
                           &result->warnings, &is_mine, &err))
            told = is_mine          ? TOLD_MINE
                   : was_unanswered ? ask_whose(settlement, result->file.key)
                                    : TOLD_NOT_MINE;
        if (told != NOT_TOLD)
            return told;
        was_unanswered = true;
    } while (wait_to_ask_again(settlement));
    return NOT_TOLD;
}

void settle_result(const struct settlement *settlement, const struct runner_result *result)
{
    char facts[FACTS_SIZE];
    struct err err = {0};
    switch (complete(settlement, result)) {
    case TOLD_MINE:
        (void)snprintf(facts, sizeof facts, " rows=%lld bytes=%lld", (long long)result->file.rows,
                       (long long)result->file.size);
        log_end(settlement, "job.completed", facts);
        return;
    case TOLD_NOT_MINE: /* whoever has the job now makes its own file */
        if (!files_remove(settlement->files, result->file.key, &err))
            log_end(settlement, "job.file_left_behind", "");
        log_end(settlement, "job.lost", "");
        return;
    case NOT_TOLD: /* perhaps the job has the file; if not, the janitor finds it */
        log_end(settlement, "job.not_settled", "");
        return;
    }
}

/* ---- No file ---- */

static bool give_back(const struct settlement *settlement)
{
    bool is_mine = false;
    struct err err = {0};
    bool is_told = store_release(settlement->store, settlement->ticket, &is_mine, &err);
    log_end(settlement, is_told ? "job.released" : "job.not_settled", "");
    return is_told && is_mine;
}

/* If the first call that was left unanswered did its work, the next finds that the job is no longer
 * the ticket's: that is the end, too. */
static void fail(const struct settlement *settlement, const struct err *why)
{
    bool is_mine = false;
    bool is_told = false;
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    do {
        struct err err = {0};
        is_told =
            store_fail(settlement->store, settlement->ticket, why, &arena, &job, &is_mine, &err);
    } while (!is_told && wait_to_ask_again(settlement));
    char reason[LOG_QUOTED_SIZE];
    char facts[LOG_QUOTED_SIZE + FACTS_SIZE];
    (void)snprintf(facts, sizeof facts, " code=%s reason=%s", err_code_name(why->code),
                   log_quote(str_of(why->text), reason));
    log_end(settlement, !is_told ? "job.not_settled" : is_mine ? "job.failed" : "job.lost", facts);
}

bool settle_failure(const struct settlement *settlement, enum stop_reason reason,
                    const struct err *why)
{
    switch (reason) {
    case STOP_CANCELLED:
    case STOP_LOST:
        log_end(settlement, "job.stopped", "");
        return false;
    case STOP_DRAIN:
        return give_back(settlement);
    case STOP_NONE:
    case STOP_TIMEOUT:
        break;
    }
    fail(settlement, why);
    return false;
}
