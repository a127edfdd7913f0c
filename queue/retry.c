/* SPDX-License-Identifier: Apache-2.0
 *
 * See retry.h.
 */
#include "queue/retry.h"

enum { PERCENT = 100, SPREAD_STEPS = 1000 };

bool retry_is_due(int32_t attempt, int32_t max_attempts, enum err_code code)
{
    return attempt < max_attempts && err_code_is_retryable(code);
}

int64_t retry_delay_ms(const struct retry_policy *policy, int32_t attempt, uint32_t random)
{
    int64_t delay = policy->base_ms;
    for (int32_t i = 0; i < attempt && delay < policy->cap_ms; i++)
        delay = delay > policy->cap_ms / 2 ? policy->cap_ms : delay * 2;
    if (delay > policy->cap_ms)
        delay = policy->cap_ms;
    /* From -jitter to +jitter percent, in even steps. */
    int64_t step = (int64_t)(random % (2 * SPREAD_STEPS + 1)) - SPREAD_STEPS;
    return delay + delay * policy->jitter_percent * step / (PERCENT * SPREAD_STEPS);
}
