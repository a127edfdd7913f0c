/* SPDX-License-Identifier: Apache-2.0
 *
 * What a receiver is told, as JSON: docs/webhooks.md has it in full. The job as it ended, and never
 * what opens its file: who receives it asks for a token with credentials of its own.
 */
#ifndef WEBHOOK_PAYLOAD_H
#define WEBHOOK_PAYLOAD_H

#include "queue/delivery.h"

/* What a receiver is told of a job that ended in this state: "export.completed", "export.failed" or
 * "export.cancelled". */
const char *webhook_event(enum job_state state);

/* The body of a delivery in `arena`, the same at each attempt. */
struct str webhook_payload(const struct delivery *delivery, struct arena *arena);

#endif
