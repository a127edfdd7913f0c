/* SPDX-License-Identifier: Apache-2.0
 *
 * See service_watch.h.
 */
#include "server/service_watch.h"

#include "server/auth.h"
#include "server/convert.h"
#include "server/failure.h"
#include "server/watch.h"

static void watch_free(void *watch)
{
    watch_close(watch);
}

static void wake_call(void *call)
{
    rpc_wake(call);
}

static void release_call(void *call)
{
    rpc_call_unref(call);
}

static bool begin(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                  struct rpc_call *call, struct caller *out_caller, struct err *err)
{
    struct watch *watch = NULL;
    const struct watch_request wanted = {str_of(request->id), request->all_owners};
    if (!exports_require_enabled(exports, err) ||
        !auth_caller(exports->identity, call, out_caller, err))
        return false;
    struct waker waker = {wake_call, release_call, rpc_call_ref(call)};
    if (!watch_open(exports, out_caller, &wanted, waker, &watch, err))
        return false;
    rpc_call_set_state(call, watch, watch_free);
    return true;
}

static void send(const struct job *job, struct rpc_call *call)
{
    Exportqueue__V1__WatchJobResponse response = EXPORTQUEUE__V1__WATCH_JOB_RESPONSE__INIT;
    response.job = convert_job(job, rpc_turn_arena(call));
    rpc_reply(call, &response.base);
}

static bool take_turn(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                      struct rpc_call *call, struct caller *out_caller, struct err *err)
{
    struct job job;
    if (!rpc_call_state(call) && !begin(exports, request, call, out_caller, err))
        return false;
    enum watch_next next = WATCH_REMOVED;
    while (next == WATCH_REMOVED) /* for which the proto has no word */
        next = watch_next(rpc_call_state(call), rpc_turn_arena(call), &job, err);
    switch (next) {
    case WATCH_NEWS:
        send(&job, call);
        return true;
    case WATCH_NO_NEWS:
        rpc_wait(call);
        return true;
    case WATCH_OVER:
        rpc_end(call);
        return true;
    case WATCH_REMOVED:
    case WATCH_FAILED:
        break;
    }
    return false;
}

void watch_turn(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                struct rpc_call *call)
{
    struct caller caller = {0}; /* known in the first turn, where calls are refused */
    struct err err = {0};
    if (!take_turn(exports, request, call, &caller, &err))
        failure_end(exports, call, &caller, str_of(request->id), &err);
}
