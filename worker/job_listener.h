/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of what this process does with jobs, for metrics: each move once, by the process that
 * made it. Called in any thread, with no lock held; to be quick.
 */
#ifndef WORKER_JOB_LISTENER_H
#define WORKER_JOB_LISTENER_H

#include "queue/job.h"

struct job_listener {
    /* An attempt began, so long after the job was due. */
    void (*started)(void *target, const struct job *job, double wait_s);
    /* The job has its file; its last attempt ran so long. */
    void (*completed)(void *target, const struct job *job, const struct job_file *file,
                      double run_s);
    /* An attempt failed: the job is QUEUED again or FAILED, and its error says why. */
    void (*failed)(void *target, const struct job *job);
    void *target;
};

/* `listener` NULL: nobody is told. */
static inline void job_tell_started(const struct job_listener *listener, const struct job *job)
{
    if (listener)
        listener->started(listener->target, job, (double)(job->started_ms - job->due_ms) / 1e3);
}

static inline void job_tell_completed(const struct job_listener *listener, const struct job *job,
                                      const struct job_file *file, int64_t run_ms)
{
    if (listener)
        listener->completed(listener->target, job, file, (double)run_ms / 1e3);
}

static inline void job_tell_failed(const struct job_listener *listener, const struct job *job)
{
    if (listener)
        listener->failed(listener->target, job);
}

#endif
