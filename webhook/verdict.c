/* SPDX-License-Identifier: Apache-2.0
 *
 * See verdict.h.
 */
#include "webhook/verdict.h"

enum {
    HTTP_OK = 200,
    HTTP_REDIRECTS = 300,
    HTTP_ERRORS = 400,
    HTTP_GONE = 410,
    HTTP_TOO_MANY = 429,
    HTTP_UNAVAILABLE = 503,
    SPREAD_STEPS = 1000,
    JITTER_PERCENT = 10,
    PERCENT = 100,
    MAX_PATIENCE_MS = 12 * 3600 * 1000, /* whatever a receiver asks for */
};

int64_t verdict_delay_ms(int64_t base_ms, int32_t attempt, uint32_t random)
{
    static const int64_t factors[] = {1, 60, 360, 1440, 3600, 7200, 7200};
    _Static_assert(COUNT_OF(factors) + 1 == VERDICT_ATTEMPTS, "one between two attempts");
    if (attempt < 1 || attempt > (int32_t)COUNT_OF(factors))
        return -1;
    int64_t delay = base_ms * factors[attempt - 1];
    int64_t step = (int64_t)(random % (2 * SPREAD_STEPS + 1)) - SPREAD_STEPS;
    return delay + delay * JITTER_PERCENT * step / (PERCENT * SPREAD_STEPS);
}

static struct str reason_of(const struct post_answer *answer, struct arena *arena)
{
    bool is_redirect = answer->status >= HTTP_REDIRECTS && answer->status < HTTP_ERRORS;
    if (!answer->status)
        return arena_copy_str(arena, str_of(answer->reason));
    return arena_printf(arena, "it answered %d%s", answer->status,
                        is_redirect ? ", and redirects are not followed" : "");
}

static int64_t patience_ms(const struct post_answer *answer)
{
    if (answer->status != HTTP_TOO_MANY && answer->status != HTTP_UNAVAILABLE)
        return 0;
    return answer->retry_after_ms < MAX_PATIENCE_MS ? answer->retry_after_ms : MAX_PATIENCE_MS;
}

void verdict_find(const struct post_answer *answer, const struct trial *trial, struct arena *arena,
                  struct delivery_outcome *out)
{
    *out = (struct delivery_outcome){.status = answer->status};
    if (answer->status >= HTTP_OK && answer->status < HTTP_REDIRECTS) {
        out->state = DELIVERY_DELIVERED;
        return;
    }
    out->is_failure = true;
    out->reason = reason_of(answer, arena);
    out->is_gone = answer->status == HTTP_GONE;
    out->delay_ms = verdict_delay_ms(trial->base_ms, trial->attempt, trial->random);
    if (out->is_gone || out->delay_ms < 0) {
        out->state = DELIVERY_GIVEN_UP;
        out->delay_ms = 0;
    } else if (out->delay_ms < patience_ms(answer)) {
        out->delay_ms = patience_ms(answer);
    }
}
