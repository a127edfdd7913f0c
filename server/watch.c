/* SPDX-License-Identifier: Apache-2.0
 *
 * See watch.h. The watcher is opened before the job is read, so nothing falls between; what the hub
 * tells of that is not newer than what was read is dropped by its revision.
 */
#include "server/watch.h"

#include "base/mem.h"

enum { ACTIVE_MAX = 1000 };

struct watch {
    struct arena arena; /* the jobs as they were at the beginning */
    struct watcher *watcher;
    struct limits_place place;
    bool is_single;
    bool is_over; /* the final state has been told */
    const struct job *first;
    size_t first_count;
    size_t first_told;
};

static bool begin_single(struct watch *watch, struct exports *exports, const struct caller *caller,
                         struct str id, struct waker waker, struct err *err)
{
    struct job *job = arena_alloc(&watch->arena, sizeof *job);
    if (!exports_get(exports, caller, id, &watch->arena, job, err)) {
        waker.release(waker.target);
        return false;
    }
    const struct watch_scope scope = {.has_id = true, .id = job->id};
    watch->is_single = true;
    watch->watcher = hub_watch(exports->hub, &scope, waker);
    watch->first = job;
    watch->first_count = 1;
    return exports_get(exports, caller, id, &watch->arena, job, err);
}

/* All jobs of an owner; with none, of every owner. */
static bool begin_all(struct watch *watch, struct exports *exports, struct str owner,
                      struct waker waker, struct err *err)
{
    const struct watch_scope scope = {.owner = owner};
    const struct job_query query = {
        .owner = owner, .states = BIT(JOB_QUEUED) | BIT(JOB_RUNNING), .limit = ACTIVE_MAX};
    watch->watcher = hub_watch(exports->hub, &scope, waker);
    return store_list(exports->store, &query, &watch->arena, &watch->first, &watch->first_count,
                      err);
}

bool watch_open(struct exports *exports, const struct caller *caller,
                const struct watch_request *request, struct waker waker, struct watch **out,
                struct err *err)
{
    struct limits_place place; /* before the store is asked anything */
    if ((request->all_owners && !exports_require_admin(caller, err)) ||
        !limits_take_watch(exports->limits, caller->owner, &place, err)) {
        waker.release(waker.target);
        return false;
    }
    struct watch *watch = mem_new(struct watch);
    struct str owner = request->all_owners ? (struct str){0} : caller->owner;
    watch->place = place;
    bool is_open = str_is_empty(request->id)
                       ? begin_all(watch, exports, owner, waker, err)
                       : begin_single(watch, exports, caller, request->id, waker, err);
    if (!is_open) {
        watch_close(watch);
        return false;
    }
    *out = watch;
    return true;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    watcher_close(watch->watcher);
    limits_give_back(&watch->place);
    arena_done(&watch->arena);
    free(watch);
}

/* Whether the job was told at the beginning in this state or a later one. */
static bool is_known(const struct watch *watch, const struct job *job)
{
    for (size_t i = 0; i < watch->first_count; i++)
        if (uuid_equal(watch->first[i].id, job->id))
            return job->revision <= watch->first[i].revision;
    return false;
}

static enum watch_next tell(struct watch *watch, const struct job *job)
{
    watch->is_over = watch->is_single && job_state_is_final(job->state);
    return WATCH_NEWS;
}

/* The next change that is news. */
static enum watch_next next_change(struct watch *watch, struct arena *arena, struct job *out,
                                   struct err *err)
{
    for (;;) {
        switch (watcher_next(watch->watcher, arena, out)) {
        case WATCH_NOTHING:
            return WATCH_NO_NEWS;
        case WATCH_CHANGE:
            if (is_known(watch, out))
                continue;
            return tell(watch, out);
        case WATCH_GONE:
            if (!watch->is_single)
                return WATCH_REMOVED;
            (void)err_set(err, ERR_NOT_FOUND, "the job was removed");
            return WATCH_FAILED;
        case WATCH_OVERRUN:
            (void)err_set(
                err, ERR_UNAVAILABLE,
                "changes came faster than they were read and some were dropped; watch again");
            return WATCH_FAILED;
        }
    }
}

enum watch_next watch_next(struct watch *watch, struct arena *arena, struct job *out,
                           struct err *err)
{
    if (watch->is_over)
        return WATCH_OVER;
    if (watch->first_told < watch->first_count) {
        *out = watch->first[watch->first_told++];
        return tell(watch, out);
    }
    return next_change(watch, arena, out, err);
}
