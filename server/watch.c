/* SPDX-License-Identifier: Apache-2.0
 *
 * See watch.h. The watcher is opened before the job is read, so nothing falls between; what the hub
 * tells of that is not newer than what was read is dropped by its revision.
 */
#include "server/watch.h"

#include "base/mem.h"
#include "server/auth.h"
#include "server/convert.h"
#include "server/failure.h"

enum { ACTIVE_MAX = 1000 };

struct watch {
    struct watcher *watcher; /* NULL: not yet */
    struct limits_place place;
    bool is_single;
    bool is_over;            /* the final state has been sent */
    const struct job *first; /* jobs as they were at the beginning, in the call's arena */
    size_t first_count;
    size_t first_sent;
};

static void watch_free(void *state)
{
    struct watch *watch = state;
    watcher_close(watch->watcher);
    limits_give_back(&watch->place);
    free(watch);
}

static void wake_call(void *call)
{
    rpc_wake(call);
}

static void release_call(void *call)
{
    rpc_call_unref(call);
}

/* A place for a watch, before the store is asked anything: the call has it, to its end. */
static bool take_place(struct exports *exports, const struct caller *caller, struct rpc_call *call,
                       struct err *err)
{
    struct limits_place place;
    if (!limits_take_watch(exports->limits, caller->owner, &place, err))
        return false;
    struct watch *watch = mem_new(struct watch);
    watch->place = place;
    rpc_call_set_state(call, watch, watch_free);
    return true;
}

static struct watch *watch_open(struct exports *exports, struct rpc_call *call,
                                const struct watch_scope *scope)
{
    struct watch *watch = rpc_call_state(call);
    struct waker waker = {wake_call, release_call, rpc_call_ref(call)};
    watch->is_single = scope->has_id;
    watch->watcher = hub_watch(exports->hub, scope, waker);
    return watch;
}

static bool begin_single(struct exports *exports, const struct caller *caller, struct str id,
                         struct rpc_call *call, struct err *err)
{
    struct arena *arena = rpc_call_arena(call);
    struct job *job = arena_alloc(arena, sizeof *job);
    if (!exports_get(exports, caller, id, rpc_turn_arena(call), job, err))
        return false;
    struct watch_scope scope = {.has_id = true, .id = job->id};
    struct watch *watch = watch_open(exports, call, &scope);
    if (!exports_get(exports, caller, id, arena, job, err))
        return false;
    watch->first = job;
    watch->first_count = 1;
    return true;
}

/* All jobs of an owner; with none, of every owner. */
static bool begin_all(struct exports *exports, struct str owner, struct rpc_call *call,
                      struct err *err)
{
    struct watch_scope scope = {.owner = owner};
    struct watch *watch = watch_open(exports, call, &scope);
    struct job_query query = {
        .owner = owner, .states = BIT(JOB_QUEUED) | BIT(JOB_RUNNING), .limit = ACTIVE_MAX};
    return store_list(exports->store, &query, rpc_call_arena(call), &watch->first,
                      &watch->first_count, err);
}

static bool begin(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                  struct rpc_call *call, struct caller *out_caller, struct err *err)
{
    if (!exports_require_enabled(exports, err) ||
        !auth_caller(exports->identity, call, out_caller, err) ||
        (request->all_owners && !exports_require_admin(out_caller, err)) ||
        !take_place(exports, out_caller, call, err))
        return false;
    struct str id = str_of(request->id);
    struct str owner = request->all_owners ? (struct str){0} : out_caller->owner;
    return str_is_empty(id) ? begin_all(exports, owner, call, err)
                            : begin_single(exports, out_caller, id, call, err);
}

static void send(struct watch *watch, const struct job *job, struct rpc_call *call)
{
    Exportqueue__V1__WatchJobResponse response = EXPORTQUEUE__V1__WATCH_JOB_RESPONSE__INIT;
    response.job = convert_job(job, rpc_turn_arena(call));
    watch->is_over = watch->is_single && job_state_is_final(job->state);
    rpc_reply(call, &response.base);
}

/* Whether the job was sent at the beginning in this state or a later one. */
static bool is_known(const struct watch *watch, const struct job *job)
{
    for (size_t i = 0; i < watch->first_count; i++)
        if (uuid_equal(watch->first[i].id, job->id))
            return job->revision <= watch->first[i].revision;
    return false;
}

/* Sends the next change that is news, or waits for one. */
static bool send_next(struct watch *watch, struct rpc_call *call, struct err *err)
{
    struct job job;
    for (;;) {
        switch (watcher_next(watch->watcher, rpc_turn_arena(call), &job)) {
        case WATCH_NOTHING:
            rpc_wait(call);
            return true;
        case WATCH_CHANGE:
            if (is_known(watch, &job))
                continue;
            send(watch, &job, call);
            return true;
        case WATCH_GONE:
            if (!watch->is_single)
                continue;
            return err_set(err, ERR_NOT_FOUND, "the job was removed");
        case WATCH_OVERRUN:
            return err_set(
                err, ERR_UNAVAILABLE,
                "changes came faster than they were read and some were dropped; watch again");
        }
    }
}

static bool take_turn(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                      struct rpc_call *call, struct caller *out_caller, struct err *err)
{
    if (!rpc_call_state(call) && !begin(exports, request, call, out_caller, err))
        return false;
    struct watch *watch = rpc_call_state(call);
    if (watch->is_over)
        rpc_end(call);
    else if (watch->first_sent < watch->first_count)
        send(watch, &watch->first[watch->first_sent++], call);
    else
        return send_next(watch, call, err);
    return true;
}

void watch_turn(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                struct rpc_call *call)
{
    struct caller caller = {0}; /* known in the first turn, where calls are refused */
    struct err err = {0};
    if (!take_turn(exports, request, call, &caller, &err))
        failure_end(exports, call, &caller, str_of(request->id), &err);
}
