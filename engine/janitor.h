/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that keeps the house clean: it gives back the jobs of lost workers, removes files
 * whose retention is over, and forgets old jobs in small batches. Any number of processes may have
 * one on the same queue.
 */
#ifndef ENGINE_JANITOR_H
#define ENGINE_JANITOR_H

#include "files/files.h"
#include "queue/store.h"

struct janitor;

/* Looks once a second. Both outlive the janitor. */
struct janitor *janitor_start(struct store *store, struct files *files);

/* Ends the thread and frees. Accepts NULL. */
void janitor_stop(struct janitor *janitor);

#endif
