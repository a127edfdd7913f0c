/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_events.h. `mutex` guards what other threads touch: the notes to be sent, and which
 * revisions the hub has heard of; the hub is told with it held, which keeps its changes in order.
 * The connection is the thread's own.
 */
#include "queue/store_pg_events.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pg/pg.h"
#include "queue/event_note.h"
#include "queue/revisions.h"
#include "queue/store_pg_lookup.h"
#include "sql_queries.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    COALESCE_MS = 5,      /* between two NOTIFYs of this process */
    LOOK_UP_MS = 2000,    /* how long a lost note stays unnoticed */
    STATEMENT_MS = 5000,  //
    SELF_TEST_MS = 3000,  //
    RETRY_MIN_MS = 100,   /* to connect again: 100 ms · 2^n, at most 10 s */
    RETRY_MAX_MS = 10000, //
    SENDER_SIZE = 9,
};

struct pg_events {
    char *url;
    char *application_name;
    struct hub *hub;
    void (*work)(void *target);
    void *target;
    char sender[SENDER_SIZE];
    int wake_fd; /* an eventfd: there is something to send, or the end has come */
    pthread_t thread;

    pthread_mutex_t mutex; /* guards the next four */
    struct buf notes;
    bool has_too_many; /* notes were dropped */
    bool is_ended;
    struct revisions *revisions;

    struct pg *pg; /* the thread's; NULL: not connected */
    int64_t retry_ms;
    int64_t next_try_ms;
    int64_t next_look_ms;
    int64_t sent_ms;
};

/* ---- Telling ---- */

static void wake(struct pg_events *events)
{
    const uint64_t one = 1;
    (void)!write(events->wake_fd, &one, sizeof one); /* a full counter wakes as well */
}

/* Under the mutex. */
static void note(struct pg_events *events, const struct job *job, bool is_gone)
{
    const struct event_note note = {job->id, is_gone, job->state, job->revision};
    bool was_empty = events->notes.len == 0;
    if (!event_note_add(&events->notes, str_of(events->sender), &note))
        events->has_too_many = true;
    if (was_empty)
        wake(events);
}

/* Under the mutex. */
static void advance_hub(struct pg_events *events, const struct job *job)
{
    if (revisions_advance(events->revisions, job->id, job->revision,
                          job_state_is_active(job->state)))
        hub_publish(events->hub, job);
}

/* Under the mutex. What nobody watches need not be known; what runs here must be, for its worker
 * has to learn of its cancellation. A worker's note may be here before that of the server that made
 * the job: then the hub hears first that it was queued; and a look-up may find a job ended of which
 * nobody said that it runs. */
static void tell_hub(struct pg_events *events, const struct job *job)
{
    bool is_known = revisions_of(events->revisions, job->id) > 0;
    bool is_wanted = is_known || job->state == JOB_RUNNING || job->state == JOB_CANCELLED;
    if (!events->hub || !(is_wanted || hub_is_watching(events->hub, job->id)))
        return;
    if (!is_known && job->state == JOB_RUNNING && job->attempt == 1) {
        struct job queued = job_as_it_was(job, JOB_QUEUED, 1);
        advance_hub(events, &queued);
    }
    if (is_known && (job->state == JOB_COMPLETED || job->state == JOB_FAILED)) {
        struct job running = job_as_it_was(job, JOB_RUNNING, job->revision - 1);
        running.progress = job->progress;
        advance_hub(events, &running);
    }
    advance_hub(events, job);
}

void pg_events_tell(struct pg_events *events, const struct job *job)
{
    pthread_mutex_lock(&events->mutex);
    tell_hub(events, job);
    note(events, job, false);
    pthread_mutex_unlock(&events->mutex);
}

void pg_events_see(struct pg_events *events, const struct job *job)
{
    pthread_mutex_lock(&events->mutex);
    tell_hub(events, job);
    pthread_mutex_unlock(&events->mutex);
}

void pg_events_tell_claimed(struct pg_events *events, const struct job *job)
{
    struct job queued = job_as_it_was(job, JOB_QUEUED, job->revision - 1);
    pthread_mutex_lock(&events->mutex);
    tell_hub(events, &queued);
    tell_hub(events, job);
    note(events, job, false);
    pthread_mutex_unlock(&events->mutex);
}

/* Under the mutex. Once: a look-up that began before the job went misses it, too. */
static void tell_hub_gone(struct pg_events *events, const struct job *job)
{
    if (revisions_advance(events->revisions, job->id, INT64_MAX, false) && events->hub)
        hub_publish_gone(events->hub, job);
}

void pg_events_tell_gone(struct pg_events *events, const struct job *job)
{
    pthread_mutex_lock(&events->mutex);
    tell_hub_gone(events, job);
    note(events, job, true);
    pthread_mutex_unlock(&events->mutex);
}

/* ---- Sending ---- */

static bool send_payload(struct pg *pg, const char *payload, struct err *err)
{
    static const struct pg_statement notify = {"notify", SQL_NOTIFY, 1};
    const char *const values[] = {payload};
    PGresult *result = NULL;
    if (!pg_run(pg, &notify, values, STATEMENT_MS, &result, err))
        return false;
    PQclear(result);
    return true;
}

/* Sends the notes, if there are any and it is time. What cannot be sent is made up for by others'
 * looking up. */
static bool send_notes(struct pg_events *events, struct err *err)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < events->sent_ms + COALESCE_MS)
        return true;
    pthread_mutex_lock(&events->mutex);
    if (events->has_too_many)
        event_note_add_all(&events->notes, str_of(events->sender));
    char *payload = events->notes.len ? mem_dup(events->notes.ptr) : NULL;
    buf_clear(&events->notes);
    events->has_too_many = false;
    pthread_mutex_unlock(&events->mutex);
    if (!payload)
        return true;
    events->sent_ms = now_ms;
    bool is_sent = send_payload(events->pg, payload, err);
    free(payload);
    return is_sent;
}

/* ---- Hearing ---- */

/* For lookups: a job as the database has it. */
static void see_job(void *target, const struct job *job)
{
    pg_events_see(target, job);
}

static bool is_wanted(struct pg_events *events, const struct event_note *heard)
{
    pthread_mutex_lock(&events->mutex);
    int64_t known = revisions_of(events->revisions, heard->id);
    pthread_mutex_unlock(&events->mutex);
    if (known >= heard->revision && !heard->is_gone)
        return false;
    /* one that was cancelled may be about to run here, without our knowing yet */
    return known || heard->state == JOB_CANCELLED ||
           (events->hub && hub_is_watching(events->hub, heard->id));
}

static void see_gone(void *target, struct uuid id)
{
    struct pg_events *events = target;
    const struct job gone = {.id = id};
    pthread_mutex_lock(&events->mutex);
    tell_hub_gone(events, &gone);
    pthread_mutex_unlock(&events->mutex);
}

static struct lookup_eyes eyes_of(struct pg_events *events)
{
    return (struct lookup_eyes){.see = see_job, .gone = see_gone, .target = events};
}

/* Reads the jobs that notes speak of, and tells of each change in the notes' order. */
static bool hear_notes(struct pg_events *events, struct str payload, struct err *err)
{
    struct event_note notes[EVENT_PAYLOAD_MAX / UUID_TEXT_LEN];
    struct event_note heard;
    size_t count = 0;
    bool is_work = false;
    while (count < COUNT_OF(notes) && event_note_next(&payload, &heard)) {
        is_work |= heard.state == JOB_QUEUED && !heard.is_gone;
        if (is_wanted(events, &heard))
            notes[count++] = heard;
    }
    if (is_work)
        events->work(events->target);
    for (size_t i = 0; i < count; i++)
        if (notes[i].is_gone)
            see_gone(events, notes[i].id);
    const struct lookup_eyes eyes = eyes_of(events);
    return count == 0 || lookup_notes(events->pg, notes, count, &eyes, err);
}

/* Under the mutex. */
static int64_t revision_of(void *target, struct uuid id)
{
    const struct pg_events *events = target;
    return revisions_of(events->revisions, id);
}

static bool look_up_all(struct pg_events *events, struct err *err)
{
    struct lookup *lookup = lookup_new();
    const struct lookup_eyes eyes = eyes_of(events);
    if (events->hub) /* first: who holds our lock may wait for the hub's */
        hub_each_scope(events->hub, lookup_add_scope, lookup);
    pthread_mutex_lock(&events->mutex);
    lookup_raise(lookup, revision_of, events);
    revisions_each_active(events->revisions, lookup_add_job, lookup);
    pthread_mutex_unlock(&events->mutex);
    bool is_ok = lookup_run(lookup, events->pg, &eyes, err);
    lookup_free(lookup);
    events->next_look_ms = clock_monotonic_ms() + LOOK_UP_MS;
    return is_ok;
}

static bool hear(struct pg_events *events, struct err *err)
{
    PGnotify *notification = NULL;
    bool is_ok = true;
    while (is_ok && (notification = pg_notification(events->pg))) {
        struct str payload = str_of(notification->extra);
        if (str_equal(event_sender(&payload), str_of(events->sender))) {
            PQfreemem(notification); /* our own */
            continue;
        }
        if (event_is_all(payload)) {
            events->work(events->target);
            is_ok = look_up_all(events, err);
        } else {
            is_ok = hear_notes(events, payload, err);
        }
        PQfreemem(notification);
    }
    return is_ok;
}

/* ---- The thread ---- */

static void disconnect(struct pg_events *events)
{
    pg_close(events->pg);
    events->pg = NULL;
    events->next_try_ms = clock_monotonic_ms() + events->retry_ms;
    events->retry_ms =
        events->retry_ms * 2 < RETRY_MAX_MS ? events->retry_ms * 2 : (int64_t)RETRY_MAX_MS;
}

static bool listen(struct pg_events *events, struct err *err)
{
    const struct pg_options options = {.url = events->url,
                                       .application_name = events->application_name};
    return pg_open(&options, NULL, &events->pg, err) &&
           pg_do(events->pg, "listen exportq", STATEMENT_MS, err);
}

/* Listens first, then looks up what was missed meanwhile. */
static bool connect_again(struct pg_events *events, struct err *err)
{
    if (!listen(events, err) || !look_up_all(events, err))
        return false;
    events->retry_ms = RETRY_MIN_MS;
    events->work(events->target);
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there is something to do even if nothing comes. */
static int64_t next_event_ms(struct pg_events *events)
{
    pthread_mutex_lock(&events->mutex);
    bool has_notes = events->notes.len > 0;
    pthread_mutex_unlock(&events->mutex);
    if (!events->pg)
        return events->next_try_ms;
    return has_notes ? earlier(events->sent_ms + COALESCE_MS, events->next_look_ms)
                     : events->next_look_ms;
}

static bool wait_for_event(struct pg_events *events, struct err *err)
{
    int64_t left_ms = next_event_ms(events) - clock_monotonic_ms();
    left_ms = left_ms > 0 ? left_ms : 0;
    bool is_ok = true;
    if (events->pg) {
        is_ok = pg_wait(events->pg, events->wake_fd, left_ms, err);
    } else {
        struct pollfd wake_up = {.fd = events->wake_fd, .events = POLLIN};
        (void)poll(&wake_up, 1, (int)left_ms);
    }
    uint64_t count = 0;
    (void)!read(events->wake_fd, &count, sizeof count);
    return is_ok;
}

/* One round: whatever fails on the connection costs us the connection. */
static void round_once(struct pg_events *events)
{
    struct err err = {0};
    bool is_ok = wait_for_event(events, &err);
    int64_t now_ms = clock_monotonic_ms();
    if (!events->pg) {
        if (now_ms < events->next_try_ms)
            return;
        is_ok = connect_again(events, &err);
    }
    is_ok = is_ok && send_notes(events, &err) && hear(events, &err);
    if (is_ok &&
        clock_monotonic_ms() >= events->next_look_ms) /* its answers may bring notes along */
        is_ok = look_up_all(events, &err) && hear(events, &err);
    if (!is_ok)
        disconnect(events);
}

static bool has_ended(struct pg_events *events)
{
    pthread_mutex_lock(&events->mutex);
    bool is_ended = events->is_ended;
    pthread_mutex_unlock(&events->mutex);
    return is_ended;
}

static void *run(void *arg)
{
    struct pg_events *events = arg;
    while (!has_ended(events))
        round_once(events);
    struct err ignored;
    events->sent_ms = 0;
    if (events->pg)
        (void)!send_notes(events, &ignored);
    return NULL;
}

/* ---- Life ---- */

/* Waits for a notification of our own. */
static bool hear_own(struct pg_events *events, struct err *err)
{
    int64_t end_ms = clock_monotonic_ms() + SELF_TEST_MS;
    bool is_heard = false;
    while (!is_heard && clock_monotonic_ms() < end_ms) {
        if (!pg_wait(events->pg, -1, end_ms - clock_monotonic_ms(), err))
            return false;
        PGnotify *notification = NULL;
        while ((notification = pg_notification(events->pg))) {
            is_heard |= str_equal(str_of(notification->extra), str_of(events->sender));
            PQfreemem(notification);
        }
    }
    return is_heard ||
           err_set(err, ERR_SOURCE_SCHEMA,
                   "notifications do not arrive, as through a pooler in transaction mode; give "
                   "EXPORT_EVENTS_URL a URL that leads straight to the database");
}

/* Sends by the way that all others send, and hears by the one that is to hear. */
static bool test_hearing(struct pg_events *events, struct pg_pool *pool, struct err *err)
{
    struct pg *pg = NULL;
    if (!pg_pool_take(pool, STATEMENT_MS, NULL, &pg, err))
        return false;
    bool is_sent = send_payload(pg, events->sender, err);
    pg_pool_give(pool, pg);
    return is_sent && hear_own(events, err);
}

static struct pg_events *events_new(const struct pg_events_options *options)
{
    struct pg_events *events = mem_new(struct pg_events);
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    (void)snprintf(events->sender, sizeof events->sender, "%08x", random);
    events->url = mem_dup(options->url);
    events->application_name = mem_dup(options->application_name);
    events->hub = options->hub;
    events->work = options->work;
    events->target = options->target;
    events->revisions = revisions_new();
    events->retry_ms = RETRY_MIN_MS;
    buf_init(&events->notes, EVENT_PAYLOAD_MAX);
    pthread_mutex_init(&events->mutex, NULL);
    events->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return events;
}

static void events_free(struct pg_events *events)
{
    pg_close(events->pg);
    (void)close(events->wake_fd);
    pthread_mutex_destroy(&events->mutex);
    buf_done(&events->notes);
    revisions_free(events->revisions);
    free(events->application_name);
    free(events->url);
    free(events);
}

bool pg_events_start(const struct pg_events_options *options, struct pg_events **out,
                     struct err *err)
{
    struct pg_events *events = events_new(options);
    if (!listen(events, err) || !test_hearing(events, options->pool, err)) {
        events_free(events);
        return false;
    }
    thread_start(&events->thread, run, events);
    *out = events;
    return true;
}

void pg_events_stop(struct pg_events *events)
{
    if (!events)
        return;
    pthread_mutex_lock(&events->mutex);
    events->is_ended = true;
    pthread_mutex_unlock(&events->mutex);
    wake(events);
    pthread_join(events->thread, NULL);
    events_free(events);
}
