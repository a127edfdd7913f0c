/* SPDX-License-Identifier: Apache-2.0
 *
 * See stop.h.
 */
#include "base/stop.h"

#include "base/clock.h"

void stop_init(struct stop *stop, int64_t timeout_ms)
{
    atomic_init(&stop->reason, STOP_NONE);
    stop->deadline_ms = timeout_ms ? clock_monotonic_ms() + timeout_ms : 0;
}

void stop_request(struct stop *stop, enum stop_reason reason)
{
    int none = STOP_NONE;
    (void)atomic_compare_exchange_strong(&stop->reason, &none, (int)reason);
}

enum stop_reason stop_reason(struct stop *stop)
{
    if (!stop)
        return STOP_NONE;
    if (stop->deadline_ms && clock_monotonic_ms() >= stop->deadline_ms)
        stop_request(stop, STOP_TIMEOUT);
    return (enum stop_reason)atomic_load(&stop->reason);
}

bool stop_check(struct stop *stop, struct err *err)
{
    switch (stop_reason(stop)) {
    case STOP_NONE:
        return true;
    case STOP_CANCELLED:
        return err_set(err, ERR_CANCELLED, "the job was cancelled");
    case STOP_LOST:
        return err_set(err, ERR_CANCELLED, "the job was given to another worker");
    case STOP_DRAIN:
        return err_set(err, ERR_CANCELLED, "the server shut down before the job was done");
    case STOP_TIMEOUT:
        return err_set(err, ERR_GUARD_RAIL,
                       "the job took longer than EXPORT_JOB_TIMEOUT allows; narrow its filters");
    }
    return true;
}
