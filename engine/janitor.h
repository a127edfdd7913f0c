/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that keeps the house clean: it gives back the jobs of lost workers, removes files
 * whose retention is over, forgets old jobs in small batches, and now and then sweeps up files that
 * no job has (engine/sweep.h). Any number of processes may have one on the same queue and files;
 * all files of jobs in that file store are taken for the queue's.
 */
#ifndef ENGINE_JANITOR_H
#define ENGINE_JANITOR_H

#include "engine/sweep.h"
#include "worker/job_listener.h"

struct janitor;

struct janitor_options {
    int64_t interval_ms; /* how often it looks */
    struct sweep_options sweep;
    const struct job_listener *listener; /* outlives the janitor; NULL: nobody is told */
};

/* Looks once a second; sweeps up what is older than an hour, after a minute and then once an hour.
 */
struct janitor_options janitor_options_default(void);

/* Both outlive the janitor. */
struct janitor *janitor_start(struct store *store, struct files *files,
                              const struct janitor_options *options);

/* Ends the thread and frees. Accepts NULL. */
void janitor_stop(struct janitor *janitor);

#endif
