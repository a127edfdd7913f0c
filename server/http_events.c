/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_events.h. A line that says nothing is sent when all was quiet for some time: proxies
 * keep the connection, and a client that is gone is noticed.
 */
#include "server/http_events.h"

#include "base/mem.h"
#include "server/http_answer.h"
#include "server/http_enter.h"
#include "server/http_json.h"
#include "server/watch.h"

#include <inttypes.h>

enum {
    BATCH_BYTES = 64 * 1024, /* events that are sent at once, about */
    QUIET_MS = 4000,         /* a client that is gone is noticed at the second line after that */
    MISSED_MAX = 100,        /* jobs that ended while nobody listened: the newest */
    OVERLAP_MS = 2000,       /* clocks of servers differ, and what is told twice harms nobody */
};

struct events {
    const struct exports *exports;
    struct watch *watch;
    struct arena arena;       /* the missed ones */
    const struct job *missed; /* newest first */
    size_t missed_left;
    int64_t said_ms; /* monotonic */
    bool has_begun;
    bool is_over;
};

static void add_job(const struct events *events, const struct job *job, struct buf *out)
{
    json_t *json = http_json_job(events->exports, job);
    char *text = json_dumps(json, JSON_COMPACT);
    buf_printf(out, "event: job\nid: %" PRId64 "\ndata: %s\n\n",
               clock_now_ms(events->exports->clock), text);
    free(text);
    json_decref(json);
}

/* Told as it happens, and not again: who was away asks for the list. */
static void add_removed(const struct events *events, const struct job *job, struct buf *out)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    buf_printf(out, "event: gone\nid: %" PRId64 "\ndata: {\"id\":\"%s\"}\n\n",
               clock_now_ms(events->exports->clock), id);
}

/* The end for a reason: a client that comes back finds out what is so now. */
static void add_failure(const struct err *err, struct buf *out)
{
    json_t *json = json_pack("{s:s, s:s}", "code", err_code_name(err->code), "message", err->text);
    char *text = json_dumps(json, JSON_COMPACT);
    buf_printf(out, "event: error\ndata: %s\n\n", text);
    free(text);
    json_decref(json);
}

/* As much news as there is, up to a batch. */
static void add_news(struct events *events, struct buf *out)
{
    while (!events->is_over && out->len < BATCH_BYTES) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct job job;
        struct err err = {0};
        switch (watch_next(events->watch, &arena, &job, &err)) {
        case WATCH_NEWS:
            add_job(events, &job, out);
            continue;
        case WATCH_REMOVED:
            add_removed(events, &job, out);
            continue;
        case WATCH_NO_NEWS:
            return;
        case WATCH_OVER:
            events->is_over = true;
            return;
        case WATCH_FAILED:
            add_failure(&err, out);
            events->is_over = true;
            return;
        }
    }
}

static void add_missed(struct events *events, struct buf *out)
{
    while (events->missed_left > 0 && out->len < BATCH_BYTES)
        add_job(events, &events->missed[--events->missed_left], out);
}

static enum http_next next_events(void *state, struct buf *out, bool is_stopping)
{
    struct events *events = state;
    int64_t now_ms = clock_monotonic_ms();
    (void)is_stopping; /* nothing to add: the client comes back, to another server perhaps */
    if (!events->has_begun)
        buf_add_text(out, "retry: 2000\n\n");
    events->has_begun = true;
    add_missed(events, out);
    if (events->missed_left == 0)
        add_news(events, out);
    if (out->len == 0 && !events->is_over && now_ms - events->said_ms >= QUIET_MS)
        buf_add_text(out, ":\n\n");
    if (out->len == 0)
        return events->is_over ? HTTP_END : HTTP_WAIT;
    events->said_ms = now_ms;
    return HTTP_MORE;
}

static void end_events(void *state, bool was_taken)
{
    struct events *events = state;
    (void)was_taken;
    watch_close(events->watch);
    arena_done(&events->arena);
    free(events);
}

static void wake(void *call)
{
    http_wake(call);
}

static void release(void *call)
{
    http_call_unref(call);
}

/* Jobs that ended after the last event that the client has seen. */
static bool find_missed(struct events *events, const struct http_door *door, struct http_call *call,
                        const struct caller *caller, struct err *err)
{
    const struct exports_list_request request = {.page_size = MISSED_MAX};
    struct exports_page page = {0};
    int64_t seen_ms = 0;
    if (!str_to_int64(http_field(call, "last-event-id"), &seen_ms) || seen_ms < 0)
        return true;
    if (!exports_list(door->exports, caller, &request, &events->arena, &page, err))
        return false;
    struct job *missed = arena_alloc_array(&events->arena, page.count, sizeof *missed);
    for (size_t i = 0; i < page.count; i++)
        if (job_state_is_final(page.jobs[i].state) &&
            page.jobs[i].completed_ms >= seen_ms - OVERLAP_MS)
            missed[events->missed_left++] = page.jobs[i];
    events->missed = missed;
    return true;
}

static bool open_events(const struct http_door *door, struct http_call *call,
                        struct caller *out_caller, struct events *events, struct err *err)
{
    struct watch_request request = {.all_owners = http_asks_for_all_owners(call)};
    if (!http_enter(door, call, out_caller, err))
        return false;
    (void)http_query(call, "id", &request.id);
    struct waker waker = {wake, release, http_call_ref(call)};
    events->exports = door->exports;
    events->said_ms = clock_monotonic_ms();
    return watch_open(door->exports, out_caller, &request, waker, &events->watch, err) &&
           (!str_is_empty(request.id) || find_missed(events, door, call, out_caller, err));
}

void http_events(void *data, struct http_call *call)
{
    static const struct http_source source = {next_events, end_events};
    const struct http_door *door = data;
    struct events *events = mem_new(struct events);
    struct caller caller = {0};
    struct err err = {0};
    if (!open_events(door, call, &caller, events, &err)) {
        end_events(events, false);
        http_fail(door, call, &caller, (struct str){0}, &err);
        return;
    }
    http_add_field(call, "X-Accel-Buffering", STR("no"));
    http_stream(call, 200, "text/event-stream", &source, events);
}
