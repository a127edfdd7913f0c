/* SPDX-License-Identifier: Apache-2.0
 *
 * A wish that work should stop, set by any thread and looked at by the one that works. Long work
 * asks at least every 100 ms. The first reason given stays.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

#include <stdatomic.h>

enum stop_reason {
    STOP_NONE = 0,
    STOP_CANCELLED, /* nobody wants the result any more */
    STOP_LOST,      /* the work was given to somebody else */
    STOP_DRAIN,     /* the process ends */
    STOP_TIMEOUT,   /* the deadline passed */
};

struct stop {
    atomic_int reason;
    int64_t deadline_ms; /* clock_monotonic_ms(); 0: none. Set before the work begins. */
};

/* No wish yet; `timeout_ms` from now the reason becomes STOP_TIMEOUT, 0: never. */
void stop_init(struct stop *stop, int64_t timeout_ms);

/* Wishes it. Thread-safe; only the first reason counts. */
void stop_request(struct stop *stop, enum stop_reason reason);

/* Why to stop, or STOP_NONE. Thread-safe, cheap. `stop` may be NULL: nobody can wish it. */
enum stop_reason stop_reason(struct stop *stop);

/* True if work may go on; otherwise false with an error that says why it stopped (ERR_CANCELLED, or
 * ERR_GUARD_RAIL for the deadline). */
bool stop_check(struct stop *stop, struct err *err) MUST_CHECK;

#endif
