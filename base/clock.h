/* SPDX-License-Identifier: Apache-2.0
 *
 * Time, injected: whoever decides by time takes a clock, so that a test sets the hands and nobody
 * waits. Wall time is in milliseconds since 1970-01-01 UTC.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/defs.h"

struct clock {
    /* Milliseconds since 1970. Thread-safe. */
    int64_t (*now_ms)(const struct clock *clock);
    /* Milliseconds since some time in the past, on a clock that nobody sets. Thread-safe. May be
     * NULL where only the wall clock is asked. */
    int64_t (*steady_ms)(const struct clock *clock);
};

/* The system's clocks. */
extern const struct clock clock_system;

int64_t clock_now_ms(const struct clock *clock);
int64_t clock_steady_ms(const struct clock *clock);

/* Milliseconds on a clock that is never set; for durations and deadlines inside the process. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds, for what is measured. */
int64_t clock_monotonic_us(void);

#endif
