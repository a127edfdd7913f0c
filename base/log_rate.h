/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps a line of the log that may be due a thousand times a second to a few, and counts the rest.
 */
#ifndef BASE_LOG_RATE_H
#define BASE_LOG_RATE_H

#include "base/defs.h"

#include <stdatomic.h>

/* The zero value is ready. */
struct log_rate {
    atomic_llong second; /* the one that lines are counted in */
    atomic_uint lines;
    atomic_uint left_out;
};

/* Whether a line may be written now, at most `per_second` times; if so, *out_left_out is how many
 * were not since the last one that was. Thread-safe; at the turn of a second a few more may pass.
 */
bool log_rate_allows(struct log_rate *rate, unsigned per_second, int64_t now_ms,
                     unsigned *out_left_out);

#endif
