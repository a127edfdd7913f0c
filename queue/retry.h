/* SPDX-License-Identifier: Apache-2.0
 *
 * When a failed attempt is tried again: delay = min(cap, base · 2^attempt), spread by a jitter so
 * that what failed together does not come back together.
 */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include "base/err.h"

struct retry_policy {
    int32_t max_attempts;   /* EXPORT_MAX_ATTEMPTS */
    int64_t base_ms;        /* EXPORT_RETRY_BASE_MS */
    int64_t cap_ms;         /* EXPORT_RETRY_CAP_MS */
    int32_t jitter_percent; /* the delay is exact up to ± this; 0: exact */
};

/* Whether a failure of attempt `attempt` (1 is the first) of a job that has `max_attempts` is tried
 * again. (The policy's number is what a job is given when it is created or retried.) */
bool retry_is_due(int32_t attempt, int32_t max_attempts, enum err_code code);

/* The delay in milliseconds after attempt `attempt` failed. `random` spreads it: any value. */
int64_t retry_delay_ms(const struct retry_policy *policy, int32_t attempt, uint32_t random);

#endif
