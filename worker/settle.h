/* SPDX-License-Identifier: Apache-2.0
 *
 * How the end of a run reaches the store. A store that does not answer may have done what it was
 * asked: so it is asked until it answers, and a file goes only when it is certain that no job has
 * it.
 */
#ifndef WORKER_SETTLE_H
#define WORKER_SETTLE_H

#include "queue/store.h"
#include "worker/job_listener.h"
#include "worker/runner.h"

#include <stdatomic.h>

struct settlement {
    struct store *store;
    struct files *files;
    const struct job *job;
    const struct ticket *ticket;
    int64_t started_ms;                  /* monotonic: when the run began */
    const atomic_bool *is_in_haste;      /* the process ends: ask no more than once */
    const struct job_listener *listener; /* may be NULL */
};

/* The run has made its file. */
void settle_result(const struct settlement *settlement, const struct runner_result *result);

/* The run failed, with `why`; `reason` is what its stop said. Returns whether the job was given
 * back to the queue. */
bool settle_failure(const struct settlement *settlement, enum stop_reason reason,
                    const struct err *why);

#endif
