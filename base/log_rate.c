/* SPDX-License-Identifier: Apache-2.0
 *
 * See log_rate.h.
 */
#include "base/log_rate.h"

enum { MS_PER_S = 1000 };

bool log_rate_allows(struct log_rate *rate, unsigned per_second, int64_t now_ms,
                     unsigned *out_left_out)
{
    long long second = now_ms / MS_PER_S + 1; /* never 0, which is none yet */
    if (atomic_exchange(&rate->second, second) != second)
        atomic_store(&rate->lines, 0);
    if (atomic_fetch_add(&rate->lines, 1) >= per_second) {
        atomic_fetch_add(&rate->left_out, 1);
        return false;
    }
    *out_left_out = atomic_exchange(&rate->left_out, 0);
    return true;
}
