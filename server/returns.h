/* SPDX-License-Identifier: Apache-2.0
 *
 * Leases of downloads that ended while the store did not answer. A thread tells it again what came
 * of them: a download that went untold would not be counted, and could be had once more.
 */
#ifndef SERVER_RETURNS_H
#define SERVER_RETURNS_H

#include "queue/store.h"
#include "server/limits.h"

struct returns;

/* The store outlives it. */
struct returns *returns_start(struct store *store);

/* Takes over the place, which bounds how many wait here, and gives it back once the store was told,
 * or after two minutes in vain. Thread-safe. */
void returns_add(struct returns *returns, struct uuid job, int64_t lease,
                 const struct transfer *transfer, struct limits_place *place);

/* Tells what is left once more, if the store answers, and ends the thread. What is added later goes
 * untold. Once; NULL is fine. */
void returns_stop(struct returns *returns);

/* After the stop, and after all who add. NULL is fine. */
void returns_free(struct returns *returns);

#endif
