/* SPDX-License-Identifier: Apache-2.0
 *
 * See job_log.h.
 */
#include "worker/job_log.h"

#include "base/trace.h"

void job_log_begin(struct log_line *line, enum log_level level, const char *event,
                   const struct job *job)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    log_begin(line, level, event);
    log_add(line, "job=%s request=%.*s owner=%.*s type=%.*s format=%.*s attempt=%d trace=%.*s", id,
            STR_ARG(job->request_id), STR_ARG(job->owner), STR_ARG(job->spec.type),
            STR_ARG(job->spec.format), (int)job->attempt, STR_ARG(trace_id_of(job->trace_parent)));
}

/* The others may quote a filter's value, or what a function in the source database raised with an
 * SQLSTATE of its choice; those are for the owner only. */
static bool is_text_ours(enum err_code code)
{
    static const enum err_code ours[] = {
        ERR_INTERNAL,          ERR_SOURCE_UNAVAILABLE, ERR_SOURCE_CONFLICT,
        ERR_SOURCE_DATA,       ERR_GUARD_RAIL,         ERR_FORMAT_LIMIT,
        ERR_STORE_UNAVAILABLE, ERR_STORE_DENIED,       ERR_WORKER_LOST,
    };
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (ours[i] == code)
            return true;
    return false;
}

void job_log_add_reason(struct log_line *line, enum err_code code, struct str text)
{
    struct str reason = is_text_ours(code) ? text : (struct str){0};
    log_add(line, "code=%s reason=%.*s", err_code_name(code), STR_ARG(reason));
}

void job_log_begin_failure(struct log_line *line, const struct job *job, const struct clock *clock)
{
    bool is_again = job->state == JOB_QUEUED;
    job_log_begin(line, LOG_INFO, is_again ? "job.retrying" : "job.failed", job);
    job_log_add_reason(line, job->error.code, job->error.message);
    if (is_again)
        log_add(line, "retry_in_ms=%lld", (long long)(job->next_attempt_ms - clock_now_ms(clock)));
}
