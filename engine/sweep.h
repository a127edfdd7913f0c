/* SPDX-License-Identifier: Apache-2.0
 *
 * Sweeps the file store for files that no job has. A worker that is killed between showing its file
 * and telling the store leaves one, with private data, and nobody else would ever remove it.
 *
 * A sweep goes in small portions, a call each, so that a million files hold up nothing; how long to
 * pause between them is the caller's. For one thread.
 */
#ifndef ENGINE_SWEEP_H
#define ENGINE_SWEEP_H

#include "files/files.h"
#include "queue/store.h"

struct sweep;

struct sweep_options {
    int64_t
        first_ms; /* from sweep_new to the first sweep, and from one that broke off to the next */
    int64_t every_ms;   /* from the end of a sweep to the next */
    int64_t min_age_ms; /* younger files are not looked at */
};

/* Neither store nor files may close before the sweep is freed. */
struct sweep *sweep_new(struct store *store, struct files *files,
                        const struct sweep_options *options);

/* Accepts NULL. */
void sweep_free(struct sweep *sweep);

/* Does the next portion, if a sweep is due or under way. Gives the milliseconds until a sweep is
 * due; 0: one is under way. What is removed, and a failure when it begins, is logged. */
int64_t sweep_step(struct sweep *sweep);

#endif
