/* SPDX-License-Identifier: Apache-2.0
 *
 * What was asked for, beyond type and format, as JSON: how a durable store keeps it, and what an
 * operator reads there. What is unset is left out; what a newer version wrote and we do not know is
 * passed over.
 */
#ifndef QUEUE_SPEC_JSON_H
#define QUEUE_SPEC_JSON_H

#include "queue/job.h"

#include <jansson.h>

/* A new reference. */
json_t *spec_to_json(const struct job_spec *spec);

/* Reads what spec_to_json wrote; type and format stay as they are. Texts lie in the arena. False:
 * it is no such JSON. */
bool spec_from_json(struct str text, struct arena *arena, struct job_spec *spec) MUST_CHECK;

#endif
