/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that feels whether the store and the file store answer, and tells health: within two
 * seconds it is known outside that one of them is gone, or is back.
 */
#ifndef SERVER_PULSE_H
#define SERVER_PULSE_H

#include "rpc/health.h"
#include "server/exports.h"

struct pulse;

/* Feels once a second, the first time before it returns. All outlive the pulse. */
struct pulse *pulse_start(struct exports *exports, struct rpc_health *health,
                          const char *service_name);

/* Ends the thread and frees. Accepts NULL. */
void pulse_stop(struct pulse *pulse);

#endif
