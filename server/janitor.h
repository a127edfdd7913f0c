/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that keeps the house clean: it gives back the jobs of lost workers, removes files
 * whose retention is over, forgets old jobs in small batches, and tells health whether the store
 * and the file store answer.
 */
#ifndef SERVER_JANITOR_H
#define SERVER_JANITOR_H

#include "rpc/health.h"
#include "server/exports.h"

struct janitor;

/* Looks once a second, the first time before it returns. All outlive the janitor. */
struct janitor *janitor_start(struct exports *exports, struct rpc_health *health,
                              const char *service_name);

/* Ends the thread and frees. Accepts NULL. */
void janitor_stop(struct janitor *janitor);

#endif
