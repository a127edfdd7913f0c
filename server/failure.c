/* SPDX-License-Identifier: Apache-2.0
 *
 * See failure.h.
 */
#include "server/failure.h"

#include "base/log.h"
#include "rpc/status.h"

enum { LINES_PER_SECOND = 10 };

/* None for what is the caller's, and for what a drain refuses to everybody. */
static enum log_level level_of(const struct exports *exports, const struct err *err)
{
    int status = rpc_status_from_err(err->code);
    if (err->code == ERR_UNAVAILABLE && atomic_load(&exports->is_draining))
        return LOG_OFF;
    if (status == rpc_status_from_err(ERR_INTERNAL))
        return LOG_ERROR;
    return status == rpc_status_from_err(ERR_UNAVAILABLE) ? LOG_WARNING : LOG_OFF;
}

static void tell(enum log_level level, const struct rpc_call *call, struct str job,
                 const struct err *err, unsigned left_out)
{
    char id[UUID_TEXT_LEN + 1] = "";
    struct uuid uuid;
    if (uuid_parse(job, &uuid))
        uuid_format(uuid, id);
    log_event(level, "call.failed", "method=%s job=%s code=%s reason=%s left_out=%u",
              rpc_call_method(call), id, err_code_name(err->code), err->text, left_out);
}

void failure_end(struct exports *exports, struct rpc_call *call, struct str job,
                 const struct err *err)
{
    enum log_level level = level_of(exports, err);
    unsigned left_out = 0;
    if (level != LOG_OFF &&
        log_rate_allows(&exports->failures, LINES_PER_SECOND, clock_monotonic_ms(), &left_out))
        tell(level, call, job, err, left_out);
    rpc_fail(call, err);
}
