/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the hub share: a hub, listeners that count what they are told, jobs as changes.
 */
#ifndef TESTS_UNIT_QUEUE_HUB_KIT_H
#define TESTS_UNIT_QUEUE_HUB_KIT_H

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "queue/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

enum { WAIT_MS = 20000 };

/* A listener: a watcher, and what its waker was told. */
struct listener {
    struct watcher *watcher;
    atomic_int wakes;
    atomic_int releases;
};

struct fixture {
    struct hub *hub;
    struct arena arena;
    atomic_int seen; /* by the observer, since hub_observe */
};

static inline int begin(void **state)
{
    struct fixture *fixture = mem_new(struct fixture);
    fixture->hub = hub_new();
    *state = fixture;
    return 0;
}

static inline int end(void **state)
{
    struct fixture *fixture = *state;
    hub_free(fixture->hub);
    arena_done(&fixture->arena);
    free(fixture);
    return 0;
}

static inline void on_wake(void *target)
{
    struct listener *listener = target;
    (void)atomic_fetch_add(&listener->wakes, 1);
}

static inline void on_release(void *target)
{
    struct listener *listener = target;
    (void)atomic_fetch_add(&listener->releases, 1);
}

static inline void listen_to(struct fixture *fixture, struct listener *listener,
                             const struct watch_scope *scope)
{
    struct waker waker = {on_wake, on_release, listener};
    atomic_init(&listener->wakes, 0);
    atomic_init(&listener->releases, 0);
    listener->watcher = hub_watch(fixture->hub, scope, waker);
}

static inline void pause_ms(int64_t ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static inline void wait_for(atomic_int *number, int least)
{
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (atomic_load(number) < least) {
        if (clock_monotonic_ms() > end_ms)
            fail_msg("%d instead of %d after %d ms", atomic_load(number), least, WAIT_MS);
        pause_ms(1);
    }
}

static inline void close_all(struct listener *listeners, size_t count)
{
    for (size_t i = 0; i < count; i++)
        watcher_close(listeners[i].watcher);
    for (size_t i = 0; i < count; i++) {
        wait_for(&listeners[i].releases, 1);
        assert_int_equal(atomic_load(&listeners[i].releases), 1);
    }
}

static inline struct uuid id_of(uint32_t number)
{
    struct uuid id = {{0}};
    for (int i = 0; i < 4; i++)
        id.bytes[15 - i] = (uint8_t)(number >> 8 * i);
    return id;
}

static inline struct job job_of(uint32_t number, enum job_state state, int64_t revision)
{
    return (struct job){.id = id_of(number),
                        .owner = STR("alice"),
                        .state = state,
                        .attempt = state == JOB_QUEUED ? 0 : 1,
                        .progress.rows_done = revision,
                        .revision = revision};
}

static inline void publish(struct fixture *fixture, struct job job)
{
    hub_publish(fixture->hub, &job);
}

static inline void count_seen(void *target, const struct job *job)
{
    struct fixture *fixture = target;
    if (str_equal(job->owner, STR("sentinel")))
        (void)atomic_fetch_add(&fixture->seen, 1);
}

/* Returns when all that was published before has been handed out. */
static inline void drain(struct fixture *fixture)
{
    struct job sentinel = {.id = id_of(UINT32_MAX), .owner = STR("sentinel")};
    atomic_store(&fixture->seen, 0);
    hub_observe(fixture->hub, count_seen, fixture);
    hub_publish(fixture->hub, &sentinel);
    wait_for(&fixture->seen, 1);
    hub_observe(fixture->hub, NULL, NULL);
}

/* The changes that wait for the listener, as letters of states with the revision: "Q1 R2 ". */
static inline const char *taken(struct fixture *fixture, struct listener *listener)
{
    static const char letters[] = "QRCFXE";
    struct str text = {0};
    for (;;) {
        struct job job;
        switch (watcher_next(listener->watcher, &fixture->arena, &job)) {
        case WATCH_NOTHING:
            return text.ptr ? text.ptr : "";
        case WATCH_OVERRUN:
            return "overrun";
        case WATCH_CHANGE:
            text = arena_printf(&fixture->arena, "%.*s%c%lld ", STR_ARG(text), letters[job.state],
                                (long long)job.revision);
            break;
        case WATCH_GONE:
            text = arena_printf(&fixture->arena, "%.*sgone ", STR_ARG(text));
        }
    }
}

#endif
