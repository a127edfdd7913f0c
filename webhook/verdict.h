/* SPDX-License-Identifier: Apache-2.0
 *
 * What an answer means for a delivery, as Standard Webhooks has it: 2xx is success; 410 says never
 * again; all else is tried again, eight attempts in all over a bit more than a day, each later
 * after the one before; 429 and 503 may ask for more patience.
 */
#ifndef WEBHOOK_VERDICT_H
#define WEBHOOK_VERDICT_H

#include "queue/delivery.h"
#include "webhook/post.h"

enum { VERDICT_ATTEMPTS = 8, VERDICT_BASE_MS = 5000 };

/* How long until the next attempt after attempt `attempt` failed: base · 1, 60, 360, 1440, 3600,
 * 7200, 7200, which with 5 s are 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h; up to a tenth more or
 * less by `random`. -1: there is none. */
int64_t verdict_delay_ms(int64_t base_ms, int32_t attempt, uint32_t random);

/* What is judged. */
struct trial {
    int32_t attempt; /* 1 is the first; those that ended with their sender are not counted */
    int64_t base_ms;
    uint32_t random; /* any value */
};

/* The outcome; its reason lies in `arena`. */
void verdict_find(const struct post_answer *answer, const struct trial *trial, struct arena *arena,
                  struct delivery_outcome *out);

#endif
