/* SPDX-License-Identifier: Apache-2.0
 *
 * See failure.h.
 */
#include "server/failure.h"

#include "base/log.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "rpc/status.h"
#include "server/auth.h"

enum {
    FAILURES_PER_SECOND = 10,
    REFUSALS_PER_SECOND = 100,
    CUTS_PER_SECOND = 10,
    REQUEST_ID_MAX = 128
};

/* What began it all, on the line that both kinds have. */
static void begin(struct log_line *line, enum log_level level, const struct failure_call *call)
{
    char id[UUID_TEXT_LEN + 1] = "";
    struct uuid uuid;
    struct str request = utf8_cut(call->request_id, REQUEST_ID_MAX);
    if (uuid_parse(call->job, &uuid))
        uuid_format(uuid, id);
    log_begin(line, level, level == LOG_INFO ? "call.refused" : "call.failed");
    log_add(line, "method=%.*s job=%s request=%.*s owner=%.*s address=%.*s trace=%.*s",
            STR_ARG(call->method), id, STR_ARG(request), STR_ARG(call->owner),
            STR_ARG(call->address), STR_ARG(trace_id_of(call->trace_parent)));
}

/* LOG_INFO for what is the caller's, and for what a drain refuses to everybody. */
static enum log_level level_of(const struct exports *exports, const struct err *err)
{
    int status = rpc_status_from_err(err->code);
    if (err->code == ERR_UNAVAILABLE && atomic_load(&exports->is_draining))
        return LOG_INFO;
    if (status == rpc_status_from_err(ERR_INTERNAL))
        return LOG_ERROR;
    return status == rpc_status_from_err(ERR_UNAVAILABLE) ? LOG_WARNING : LOG_INFO;
}

void failure_tell(struct exports *exports, const struct failure_call *call, const struct err *err)
{
    enum log_level level = level_of(exports, err);
    bool is_refused = level == LOG_INFO;
    unsigned left_out = 0;
    struct log_line line;
    struct log_rate *refusals =
        str_is_empty(call->owner) ? &exports->strangers : &exports->refusals;
    if (!log_rate_allows(is_refused ? refusals : &exports->failures,
                         is_refused ? REFUSALS_PER_SECOND : FAILURES_PER_SECOND,
                         clock_monotonic_ms(), &left_out))
        return;
    begin(&line, level, call);
    log_add(&line, "code=%s", err_code_name(err->code));
    if (is_refused)
        log_add(&line, "field=%s", err->field);
    else
        log_add(&line, "reason=%s", err->text);
    log_add(&line, "left_out=%u", left_out);
    log_end(&line);
}

static void tell(struct exports *exports, struct rpc_call *call, const struct caller *caller,
                 struct str job, const struct err *err)
{
    const struct failure_call facts = {
        .method = rpc_call_method(call),
        .request_id = rpc_call_metadata(call, "x-request-id"),
        .owner = caller->owner,
        .address = auth_address(call),
        .trace_parent = auth_trace_parent(call),
        .job = job,
    };
    failure_tell(exports, &facts, err);
}

void failure_end(struct exports *exports, struct rpc_call *call, const struct caller *caller,
                 struct str job, const struct err *err)
{
    if (err->code != ERR_CANCELLED) /* nobody was refused anything */
        tell(exports, call, caller, job, err);
    rpc_fail(call, err);
}

void failure_refused(void *data, struct rpc_call *call, const struct err *err)
{
    const struct caller nobody = {.is_admin = false};
    struct exports *exports = data;
    if (err->code == ERR_LIMIT)
        limits_count_refusal(exports->limits, LIMIT_CALLS);
    if (err->code == ERR_TOO_LARGE)
        limits_count_refusal(exports->limits, LIMIT_METADATA);
    tell(exports, call, &nobody, (struct str){0}, err);
}

void failure_cut_off(void *data, struct rpc_call *call)
{
    struct exports *exports = data;
    struct str address = auth_address(call);
    unsigned left_out = 0;
    if (log_rate_allows(&exports->cuts, CUTS_PER_SECOND, clock_monotonic_ms(), &left_out))
        log_event(LOG_WARNING, "connection.cut", "address=%.*s reason=%s left_out=%u",
                  STR_ARG(address), "reset very many calls", left_out);
}
