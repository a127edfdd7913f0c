/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one attempt of one job: source → document → file store, a batch at a time, in constant
 * memory. It knows nothing of queues: it is given a job and gives back a committed file, or an
 * error and no file.
 */
#ifndef WORKER_RUNNER_H
#define WORKER_RUNNER_H

#include "base/stop.h"
#include "files/files.h"
#include "worker/plan.h"

/* What all runs share; outlives them. */
struct runner {
    const struct catalog *catalog;
    struct source *source;
    struct files *files;
    int64_t max_rows;  /* EXPORT_MAX_ROWS; 0: no guard rail */
    int64_t max_bytes; /* EXPORT_MAX_BYTES; 0: no guard rail */
};

/* Told how far the run is, from the thread that runs: often, so be quick. */
struct runner_watch {
    void (*report)(void *target, const struct job_progress *progress);
    void *target;
};

struct runner_result {
    struct job_file file; /* texts in the arena */
    struct job_progress progress;
    struct job_warnings warnings;
};

/* The file is committed under result.file.key when this is true; nothing is left behind otherwise.
 * Asks `stop` all along. */
bool runner_run(const struct runner *runner, const struct job *job, struct stop *stop,
                struct runner_watch watch, struct arena *arena, struct runner_result *out,
                struct err *err) MUST_CHECK;

#endif
