/* SPDX-License-Identifier: Apache-2.0
 *
 * See settle.h. A job that the store was asked to settle twice is no longer the ticket's the second
 * time; then the job itself tells whose file it has.
 */
#include "worker/settle.h"

#include "base/thread.h"
#include "worker/job_log.h"

enum { ASK_AGAIN_MS = 200 };

/* Which attempt it was that ended. */
static void add_attempt(struct log_line *line, const struct settlement *settlement)
{
    log_add(line, "worker=%s duration_ms=%lld", settlement->ticket->worker,
            (long long)(clock_monotonic_ms() - settlement->started_ms));
}

static void log_end_of_run(const struct settlement *settlement, const char *event)
{
    struct log_line line;
    job_log_begin(&line, LOG_INFO, event, settlement->job);
    add_attempt(&line, settlement);
    log_end(&line);
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

/* The job is no longer the ticket's: because its owner wished so, or because the worker was taken
 * for lost. */
static void log_not_mine(const struct settlement *settlement)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    struct err err = {0};
    bool is_there = store_get(settlement->store, settlement->job->id, &arena, &job, &err);
    bool is_wished = is_there ? job.state == JOB_CANCELLED : err.code == ERR_NOT_FOUND;
    log_end_of_run(settlement, is_wished ? "job.stopped" : "job.lost");
}

static void log_completed(const struct settlement *settlement, const struct job_file *file)
{
    struct log_line line;
    job_log_begin(&line, LOG_INFO, "job.completed", settlement->job);
    add_attempt(&line, settlement);
    log_add(&line, "rows=%lld bytes=%lld", (long long)file->rows, (long long)file->size);
    log_end(&line);
}

void settle_result(const struct settlement *settlement, const struct runner_result *result)
{
    struct err err = {0};
    switch (complete(settlement, result)) {
    case TOLD_MINE:
        log_completed(settlement, &result->file);
        job_tell_completed(settlement->listener, settlement->job, &result->file,
                           clock_monotonic_ms() - settlement->started_ms);
        return;
    case TOLD_NOT_MINE: /* whoever has the job now makes its own file */
        if (!files_remove(settlement->files, result->file.key, &err))
            log_end_of_run(settlement, "job.file_left_behind");
        log_not_mine(settlement);
        return;
    case NOT_TOLD: /* perhaps the job has the file; if not, the janitor finds it */
        log_end_of_run(settlement, "job.not_settled");
        return;
    }
}

/* ---- No file ---- */

static bool give_back(const struct settlement *settlement)
{
    bool is_mine = false;
    struct err err = {0};
    if (!store_release(settlement->store, settlement->ticket, &is_mine, &err))
        log_end_of_run(settlement, "job.not_settled");
    else if (is_mine)
        log_end_of_run(settlement, "job.released");
    else
        log_not_mine(settlement);
    return is_mine;
}

static void tell_failed(const struct settlement *settlement, const struct job *job)
{
    struct log_line line;
    job_log_begin_failure(&line, job, store_clock(settlement->store));
    add_attempt(&line, settlement);
    log_end(&line);
    job_tell_failed(settlement->listener, job);
}

/* A call that was left unanswered may have done its work. */
static bool has_failed_so(const struct settlement *settlement, const struct err *why,
                          struct arena *arena, struct job *out)
{
    struct err err = {0};
    return store_get(settlement->store, settlement->job->id, arena, out, &err) &&
           out->attempt == settlement->ticket->attempt && out->error.code == why->code &&
           (out->state == JOB_QUEUED || out->state == JOB_FAILED);
}

static void fail(const struct settlement *settlement, const struct err *why)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct job job;
    bool is_mine = false;
    bool is_told = false;
    bool was_unanswered = false;
    do {
        struct err err = {0};
        is_told =
            store_fail(settlement->store, settlement->ticket, why, &arena, &job, &is_mine, &err);
        was_unanswered = was_unanswered || !is_told;
    } while (!is_told && wait_to_ask_again(settlement));
    if (!is_told)
        log_end_of_run(settlement, "job.not_settled");
    else if (is_mine || (was_unanswered && has_failed_so(settlement, why, &arena, &job)))
        tell_failed(settlement, &job);
    else
        log_not_mine(settlement);
}

bool settle_failure(const struct settlement *settlement, enum stop_reason reason,
                    const struct err *why)
{
    switch (reason) {
    case STOP_CANCELLED:
        log_end_of_run(settlement, "job.stopped");
        return false;
    case STOP_LOST:
        log_not_mine(settlement);
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
