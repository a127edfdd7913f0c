/* SPDX-License-Identifier: Apache-2.0
 *
 * A line of the log about a job: what happened, and which job it was. For whoever moves a job: each
 * move is logged once, by the process that made it.
 */
#ifndef WORKER_JOB_LOG_H
#define WORKER_JOB_LOG_H

#include "base/clock.h"
#include "base/log.h"
#include "queue/job.h"

/* Begins a line with the job's id, request_id, owner, type, format and attempt, and its
 * trace's; what else there is to tell the caller adds (log_add), then it ends it (log_end). */
void job_log_begin(struct log_line *line, enum log_level level, const char *event,
                   const struct job *job);

/* Why an attempt failed: the code, and the text if it cannot hold anything of the data. */
void job_log_add_reason(struct log_line *line, enum err_code code, struct str text);

/* The line of a job that a failed attempt left QUEUED or FAILED: "job.retrying" with the delay, or
 * "job.failed"; in both the caller may add before it ends it. */
void job_log_begin_failure(struct log_line *line, const struct job *job, const struct clock *clock);

#endif
