/* SPDX-License-Identifier: Apache-2.0
 *
 * See hub.h. Publishing puts a change at the end of a line; the hub's thread takes it off, adds it
 * to the watchers it concerns under the mutex, and then, without it, tells the observer and wakes.
 * A watcher that is told is held by a reference meanwhile, so closing it never waits.
 */
#include "queue/hub.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/thread.h"

#include <stdatomic.h>

enum { TABLE_SIZE = 4096, PENDING_FIRST = 4, THIN_SCAN = 64 };

static const uint32_t fnv_basis = 2166136261U;
static const uint32_t fnv_prime = 16777619U;

/* One change: a job as it was after it. Immutable but for the count. */
struct change {
    atomic_uint refs;
    bool is_gone;
    struct list node; /* in the line */
    struct arena arena;
    struct job job;
};

struct watcher {
    struct hub *hub;
    struct waker waker;
    struct watch_scope scope;
    char *owner;      /* the scope's, copied */
    struct list node; /* in the bucket of its id or owner, or in the list of those of all jobs */
    struct list wake; /* in the list of watchers to be woken */
    uint64_t since;   /* the first change that came after the watcher */
    unsigned refs;
    bool is_closed;
    bool is_overrun;
    bool is_told; /* a wake is due or was given, and nothing was taken since */
    struct change **pending;
    size_t count;
    size_t cap;
};

struct hub {
    pthread_mutex_t mutex; /* guards all below and the watchers */
    pthread_cond_t changed;
    pthread_cond_t advanced; /* a call of the observer, or a whole change, is done with */
    pthread_t thread;
    struct list line;
    uint64_t published; /* changes that ever stood in the line */
    uint64_t handed_out;
    struct list of_all;
    struct list by_id[TABLE_SIZE];
    struct list by_owner[TABLE_SIZE];
    size_t broad; /* watchers of more than one job */
    bool is_ended;
    bool is_observing;
    void (*see)(void *target, const struct job *job);
    void *see_target;
};

static struct list *id_bucket(struct hub *hub, struct uuid id)
{
    /* The last bytes of a UUIDv7 are random. */
    unsigned hash = (unsigned)id.bytes[14] << 8 | id.bytes[15];
    return &hub->by_id[hash % TABLE_SIZE];
}

static struct list *owner_bucket(struct hub *hub, struct str owner)
{
    uint32_t hash = fnv_basis;
    for (size_t i = 0; i < owner.len; i++)
        hash = (hash ^ (unsigned char)owner.ptr[i]) * fnv_prime;
    return &hub->by_owner[(hash ^ hash >> 16) % TABLE_SIZE];
}

/* Where the watchers of a scope are listed. */
static struct list *bucket_of(struct hub *hub, const struct watch_scope *scope)
{
    if (scope->has_id)
        return id_bucket(hub, scope->id);
    return str_is_empty(scope->owner) ? &hub->of_all : owner_bucket(hub, scope->owner);
}

/* ---- Changes ---- */

static struct change *change_hold(struct change *change)
{
    (void)atomic_fetch_add_explicit(&change->refs, 1, memory_order_relaxed);
    return change;
}

static void change_drop(struct change *change)
{
    if (atomic_fetch_sub_explicit(&change->refs, 1, memory_order_acq_rel) > 1)
        return;
    arena_done(&change->arena);
    free(change);
}

static bool is_only_progress(const struct change *older, const struct change *newer)
{
    return uuid_equal(older->job.id, newer->job.id) && !older->is_gone && !newer->is_gone &&
           older->job.state == newer->job.state && older->job.attempt == newer->job.attempt;
}

/* ---- Handing to watchers, with the mutex held ---- */

static void overrun(struct watcher *watcher)
{
    watcher->is_overrun = true;
    for (size_t i = 0; i < watcher->count; i++)
        change_drop(watcher->pending[i]);
    watcher->count = 0;
}

static void watcher_add(struct watcher *watcher, struct change *change)
{
    if (watcher->is_overrun)
        return;
    /* The newest change of this job that was not taken. */
    for (size_t i = watcher->count; i > 0; i--) {
        struct change *older = watcher->pending[i - 1];
        if (!uuid_equal(older->job.id, change->job.id))
            continue;
        if (!is_only_progress(older, change))
            break;
        watcher->pending[i - 1] = change_hold(change);
        change_drop(older);
        return;
    }
    if (watcher->count == HUB_PENDING_MAX) {
        overrun(watcher);
        return;
    }
    if (watcher->count == watcher->cap) {
        watcher->cap = watcher->cap ? watcher->cap * 2 : PENDING_FIRST;
        watcher->pending =
            mem_resize_array(watcher->pending, watcher->cap, sizeof(struct change *));
    }
    watcher->pending[watcher->count++] = change_hold(change);
}

static void watcher_tell(struct watcher *watcher, struct change *change, struct list *wakes)
{
    watcher_add(watcher, change);
    if (watcher->is_told)
        return;
    watcher->is_told = true;
    watcher->refs++;
    list_push(wakes, &watcher->wake);
}

static bool concerns(const struct watcher *watcher, const struct job *job)
{
    if (watcher->scope.has_id)
        return uuid_equal(watcher->scope.id, job->id);
    return str_is_empty(watcher->scope.owner) || str_equal(watcher->scope.owner, job->owner);
}

/* What was published before a watcher came, it finds in the store. */
static void tell_all(struct list *watchers, struct change *change, struct list *wakes)
{
    for (struct list *node = watchers->next; node != watchers; node = node->next) {
        struct watcher *watcher = CONTAINER_OF(node, struct watcher, node);
        if (watcher->hub->handed_out >= watcher->since && concerns(watcher, &change->job))
            watcher_tell(watcher, change, wakes);
    }
}

/* ---- The thread ---- */

/* Drops a reference; the last one frees, and tells that no wake can come. Without the mutex. */
static void watcher_drop(struct watcher *watcher)
{
    struct hub *hub = watcher->hub;
    pthread_mutex_lock(&hub->mutex);
    bool is_last = --watcher->refs == 0;
    for (size_t i = 0; is_last && i < watcher->count; i++)
        change_drop(watcher->pending[i]);
    pthread_mutex_unlock(&hub->mutex);
    if (!is_last)
        return;
    struct waker waker = watcher->waker;
    free(watcher->pending);
    free(watcher->owner);
    free(watcher);
    waker.release(waker.target);
}

static void wake_all(struct hub *hub, struct list *wakes)
{
    struct list *node = NULL;
    while ((node = list_pop(wakes))) {
        struct watcher *watcher = CONTAINER_OF(node, struct watcher, wake);
        pthread_mutex_lock(&hub->mutex);
        bool is_closed = watcher->is_closed;
        pthread_mutex_unlock(&hub->mutex);
        if (!is_closed)
            watcher->waker.wake(watcher->waker.target);
        watcher_drop(watcher);
    }
}

/* With the mutex held; gives it up meanwhile. */
static void tell_observer(struct hub *hub, const struct change *change)
{
    if (!hub->see || change->is_gone)
        return;
    void (*see)(void *target, const struct job *job) = hub->see;
    void *target = hub->see_target;
    hub->is_observing = true;
    pthread_mutex_unlock(&hub->mutex);
    see(target, &change->job);
    pthread_mutex_lock(&hub->mutex);
    hub->is_observing = false;
    pthread_cond_broadcast(&hub->advanced);
}

static void *hand_out(void *arg)
{
    struct hub *hub = arg;
    pthread_mutex_lock(&hub->mutex);
    for (;;) {
        while (!hub->is_ended && list_is_empty(&hub->line))
            pthread_cond_wait(&hub->changed, &hub->mutex);
        struct list *node = list_pop(&hub->line);
        if (!node)
            break;
        struct change *change = CONTAINER_OF(node, struct change, node);
        struct list wakes;
        list_init(&wakes);
        tell_all(id_bucket(hub, change->job.id), change, &wakes);
        tell_all(owner_bucket(hub, change->job.owner), change, &wakes);
        tell_all(&hub->of_all, change, &wakes);
        tell_observer(hub, change);
        change_drop(change);
        pthread_mutex_unlock(&hub->mutex);
        wake_all(hub, &wakes);
        pthread_mutex_lock(&hub->mutex);
        hub->handed_out++;
        pthread_cond_broadcast(&hub->advanced);
    }
    pthread_mutex_unlock(&hub->mutex);
    return NULL;
}

/* ---- Public ---- */

struct hub *hub_new(void)
{
    struct hub *hub = mem_new(struct hub);
    pthread_mutex_init(&hub->mutex, NULL);
    pthread_cond_init(&hub->changed, NULL);
    pthread_cond_init(&hub->advanced, NULL);
    list_init(&hub->line);
    list_init(&hub->of_all);
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        list_init(&hub->by_id[i]);
        list_init(&hub->by_owner[i]);
    }
    thread_start(&hub->thread, hand_out, hub);
    return hub;
}

void hub_free(struct hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->mutex);
    hub->is_ended = true;
    pthread_cond_signal(&hub->changed);
    pthread_mutex_unlock(&hub->mutex);
    pthread_join(hub->thread, NULL);
    pthread_cond_destroy(&hub->advanced);
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->mutex);
    free(hub);
}

/* Progress that the thread has not come to yet makes room for newer progress of the same job, so a
 * thread that falls behind has not much more to do than there are jobs. Gives what was replaced. */
static struct change *join_line(struct hub *hub, struct change *change)
{
    struct list *node = hub->line.prev;
    for (int i = 0; i < THIN_SCAN && node != &hub->line; i++, node = node->prev) {
        struct change *older = CONTAINER_OF(node, struct change, node);
        if (!uuid_equal(older->job.id, change->job.id))
            continue;
        if (!is_only_progress(older, change))
            break;
        list_push(&older->node, &change->node); /* before it */
        list_remove(&older->node);
        return older;
    }
    list_push(&hub->line, &change->node);
    hub->published++;
    return NULL;
}

static void publish(struct hub *hub, const struct job *job, bool is_gone)
{
    struct change *change = mem_new(struct change);
    atomic_init(&change->refs, 1);
    change->is_gone = is_gone;
    job_copy(&change->arena, job, &change->job);
    pthread_mutex_lock(&hub->mutex);
    struct change *replaced = join_line(hub, change);
    pthread_cond_signal(&hub->changed);
    pthread_mutex_unlock(&hub->mutex);
    if (replaced)
        change_drop(replaced);
}

void hub_publish(struct hub *hub, const struct job *job)
{
    publish(hub, job, false);
}

void hub_publish_gone(struct hub *hub, const struct job *job)
{
    publish(hub, job, true);
}

struct watcher *hub_watch(struct hub *hub, const struct watch_scope *scope, struct waker waker)
{
    struct watcher *watcher = mem_new(struct watcher);
    *watcher = (struct watcher){.hub = hub, .waker = waker, .scope = *scope, .refs = 1};
    watcher->owner = mem_new_array(scope->owner.len + 1, 1);
    if (scope->owner.len)
        memcpy(watcher->owner, scope->owner.ptr, scope->owner.len);
    watcher->scope.owner.ptr = watcher->owner;
    list_init(&watcher->wake);
    pthread_mutex_lock(&hub->mutex);
    list_push(bucket_of(hub, scope), &watcher->node);
    watcher->since = hub->published;
    hub->broad += !scope->has_id;
    pthread_mutex_unlock(&hub->mutex);
    return watcher;
}

static struct change *take_first(struct watcher *watcher)
{
    struct change *first = watcher->pending[0];
    watcher->count--;
    memmove(watcher->pending, watcher->pending + 1, watcher->count * sizeof(struct change *));
    return first;
}

enum watch_result watcher_next(struct watcher *watcher, struct arena *arena, struct job *out)
{
    struct change *change = NULL;
    pthread_mutex_lock(&watcher->hub->mutex);
    bool is_overrun = watcher->is_overrun;
    if (watcher->count)
        change = take_first(watcher);
    else if (!is_overrun)
        watcher->is_told = false;
    pthread_mutex_unlock(&watcher->hub->mutex);
    if (is_overrun)
        return WATCH_OVERRUN;
    if (!change)
        return WATCH_NOTHING;
    enum watch_result result = change->is_gone ? WATCH_GONE : WATCH_CHANGE;
    job_copy(arena, &change->job, out);
    change_drop(change);
    return result;
}

void watcher_close(struct watcher *watcher)
{
    if (!watcher)
        return;
    pthread_mutex_lock(&watcher->hub->mutex);
    watcher->is_closed = true;
    list_remove(&watcher->node);
    watcher->hub->broad -= !watcher->scope.has_id;
    pthread_mutex_unlock(&watcher->hub->mutex);
    watcher_drop(watcher);
}

void hub_observe(struct hub *hub, void (*see)(void *target, const struct job *job), void *target)
{
    pthread_mutex_lock(&hub->mutex);
    hub->see = see; /* first, so that no further call of the old one begins */
    hub->see_target = target;
    while (hub->is_observing)
        pthread_cond_wait(&hub->advanced, &hub->mutex);
    pthread_mutex_unlock(&hub->mutex);
}

void hub_flush(struct hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    uint64_t published = hub->published;
    while (hub->handed_out < published)
        pthread_cond_wait(&hub->advanced, &hub->mutex);
    pthread_mutex_unlock(&hub->mutex);
}

/* ---- For stores ---- */

bool hub_is_watching(struct hub *hub, struct uuid id)
{
    pthread_mutex_lock(&hub->mutex);
    bool is_watching = hub->broad > 0;
    const struct list *watchers = id_bucket(hub, id);
    for (struct list *node = watchers->next; !is_watching && node != watchers; node = node->next)
        is_watching = uuid_equal(CONTAINER_OF(node, struct watcher, node)->scope.id, id);
    pthread_mutex_unlock(&hub->mutex);
    return is_watching;
}

static void visit_all(const struct list *watchers,
                      void (*visit)(void *target, const struct watch_scope *scope), void *target)
{
    for (struct list *node = watchers->next; node != watchers; node = node->next)
        visit(target, &CONTAINER_OF(node, struct watcher, node)->scope);
}

void hub_each_scope(struct hub *hub, void (*visit)(void *target, const struct watch_scope *scope),
                    void *target)
{
    pthread_mutex_lock(&hub->mutex);
    visit_all(&hub->of_all, visit, target);
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        visit_all(&hub->by_id[i], visit, target);
        visit_all(&hub->by_owner[i], visit, target);
    }
    pthread_mutex_unlock(&hub->mutex);
}
