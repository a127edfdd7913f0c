/* SPDX-License-Identifier: Apache-2.0
 *
 * See history.h. Doors, workers that keep and use tickets long after they are out of date,
 * downloads, a janitor, a clock that jumps. Threads only note what is wrong; asserts belong to the
 * main thread.
 */
#include "base/thread.h"
#include "tests/store/history.h"

enum { RECENT = 24, TEXT_SIZE = 32, FILE_SIZE = 1 };

struct actor {
    struct history *history;
    uint64_t random;
    struct arena arena;
    struct err err;
    pthread_t thread;
    struct known_job *download; /* which it holds, or held once */
    int64_t lease;
    int64_t offset;
};

static uint64_t draw(struct actor *actor, uint64_t below)
{
    uint64_t x = actor->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    actor->random = x;
    return (x * UINT64_C(2685821657736338717) >> 16) % below;
}

static void broken(struct history *history, const char *what)
{
    pthread_mutex_lock(&history->mutex);
    if (history->broken.code == ERR_NONE)
        (void)err_set(&history->broken, ERR_INTERNAL, "%s", what);
    pthread_mutex_unlock(&history->mutex);
}

/* A call may be refused for the reasons in `allowed` (BIT(enum err_code)…) and no other. */
static void expect(struct actor *actor, bool is_ok, uint64_t allowed)
{
    if (!is_ok && !(allowed >> actor->err.code & 1))
        broken(actor->history, actor->err.text);
}

#define ALLOW(code) (UINT64_C(1) << (code))

/* ---- Doors ---- */

static void remember_job(struct history *history, struct uuid id, bool has_request)
{
    pthread_mutex_lock(&history->mutex);
    struct known_job *job = &history->jobs[history->job_count++];
    job->id = id;
    job->has_request = has_request;
    pthread_mutex_unlock(&history->mutex);
}

static void remember_request(struct history *history, size_t owner, size_t request, struct uuid id)
{
    pthread_mutex_lock(&history->mutex);
    bool is_same =
        !history->has_request[owner][request] || uuid_equal(history->requests[owner][request], id);
    history->has_request[owner][request] = true;
    history->requests[owner][request] = id;
    pthread_mutex_unlock(&history->mutex);
    if (!is_same)
        broken(history, "a request_id gave two jobs");
}

static void do_create(struct actor *actor)
{
    size_t owner = draw(actor, HISTORY_OWNERS);
    size_t request = draw(actor, 2 * HISTORY_REQUESTS);
    bool has_request = request < HISTORY_REQUESTS;
    char owner_text[] = {(char)('a' + owner), '\0'};
    char request_text[] = {(char)('A' + request), '\0'};
    struct job_draft draft = draft_of(owner_text, has_request ? request_text : NULL);
    struct job job;
    bool is_ok =
        store_create(actor->history->world->store, &draft, &actor->arena, &job, &actor->err);
    expect(actor, is_ok, ALLOW(ERR_LIMIT));
    if (!is_ok)
        return;
    remember_job(actor->history, job.id, has_request);
    if (has_request)
        remember_request(actor->history, owner, request, job.id);
}

/* One of the latest; NULL: there are not so many yet. */
static struct known_job *pick_job(struct actor *actor)
{
    struct history *history = actor->history;
    uint64_t back = draw(actor, RECENT) + 1;
    pthread_mutex_lock(&history->mutex);
    struct known_job *job =
        history->job_count >= back ? &history->jobs[history->job_count - back] : NULL;
    pthread_mutex_unlock(&history->mutex);
    return job;
}

static void do_door(struct actor *actor)
{
    struct store *store = actor->history->world->store;
    const struct known_job *known = pick_job(actor);
    const uint64_t missing = ALLOW(ERR_NOT_FOUND);
    struct job job;
    if (!known)
        return;
    switch (draw(actor, 4)) {
    case 0:
        expect(actor, store_cancel(store, known->id, &actor->arena, &job, &actor->err),
               missing | ALLOW(ERR_NOT_READY));
        break;
    case 1:
        expect(actor, store_retry(store, known->id, &actor->arena, &job, &actor->err),
               missing | ALLOW(ERR_NOT_READY) | ALLOW(ERR_LIMIT));
        break;
    case 2:
        if (!known->has_request)
            expect(actor, store_remove(store, known->id, &actor->arena, &job, &actor->err),
                   missing);
        break;
    default:
        expect(actor, store_get(store, known->id, &actor->arena, &job, &actor->err), missing);
    }
}

static void do_list(struct actor *actor)
{
    char owner[] = {(char)('a' + draw(actor, HISTORY_OWNERS)), '\0'};
    struct job_query query = {.owner = str_of(owner), .limit = 1 + draw(actor, 20)};
    const struct job *jobs = NULL;
    size_t count = 0;
    expect(
        actor,
        store_list(actor->history->world->store, &query, &actor->arena, &jobs, &count, &actor->err),
        0);
    for (size_t i = 1; i < count; i++)
        if (uuid_compare(jobs[i - 1].id, jobs[i].id) <= 0)
            broken(actor->history, "a list is out of order");
}

static void do_count_active(struct actor *actor)
{
    struct world *world = actor->history->world;
    char owner[] = {(char)('a' + draw(actor, HISTORY_OWNERS)), '\0'};
    struct job_query query = {
        .owner = str_of(owner), .states = BIT(JOB_QUEUED) | BIT(JOB_RUNNING), .limit = 1000};
    const struct job *jobs = NULL;
    size_t count = 0;
    expect(actor, store_list(world->store, &query, &actor->arena, &jobs, &count, &actor->err), 0);
    if (count > (size_t)world->options.max_active_per_owner)
        broken(actor->history, "an owner has more active jobs than allowed");
}

/* ---- Downloads ---- */

static const uint64_t not_served = ALLOW(ERR_NOT_FOUND) | ALLOW(ERR_NOT_READY) |
                                   ALLOW(ERR_EXPIRED) | ALLOW(ERR_USED) | ALLOW(ERR_BUSY);

/* A new token, or the newest that somebody was given, be it spent or out of date. */
static bool get_token(struct actor *actor, struct known_job *known, int64_t *out)
{
    *out = (int64_t)atomic_load(&known->token_no);
    if (*out && draw(actor, 3))
        return true;
    if (!store_issue_token(actor->history->world->store, known->id, out, &actor->err))
        return false;
    atomic_store(&known->token_no, *out);
    return true;
}

static void open_download(struct actor *actor)
{
    struct store *store = actor->history->world->store;
    struct known_job *known = pick_job(actor);
    struct job job;
    if (!known)
        return;
    actor->download = known;
    actor->lease = 0;
    actor->offset = (int64_t)draw(actor, FILE_SIZE + 1);
    int64_t token_no = 0;
    bool is_ok = get_token(actor, known, &token_no) &&
                 store_download_open(store, known->id, token_no, actor->offset, &actor->arena, &job,
                                     &actor->lease, &actor->err);
    expect(actor, is_ok, not_served);
    if (is_ok && job.state != JOB_COMPLETED)
        broken(actor->history, "a job that is not completed was opened");
}

/* The whole file is handed over at most once: whoever tells so under a lease that holds. */
static void renew_download(struct actor *actor)
{
    const struct transfer transfer = {actor->offset, FILE_SIZE, FILE_SIZE};
    bool is_ok = store_download_renew(actor->history->world->store, actor->download->id,
                                      actor->lease, &transfer, &actor->err);
    expect(actor, is_ok, ALLOW(ERR_BUSY));
    if (is_ok && actor->offset == 0 && atomic_fetch_add(&actor->download->delivered, 1) > 0)
        broken(actor->history, "a file was handed over twice");
    actor->offset = FILE_SIZE; /* what is told again does not count again */
}

static void do_download(struct actor *actor)
{
    if (!actor->download || !actor->lease)
        open_download(actor);
    else if (draw(actor, 2))
        renew_download(actor);
    else {
        const struct transfer transfer = {actor->offset, actor->offset, actor->offset};
        expect(actor,
               store_download_close(actor->history->world->store, actor->download->id, actor->lease,
                                    &transfer, &actor->err),
               0);
        actor->lease = 0;
    }
}

/* ---- Workers ---- */

static void do_claim(struct actor *actor)
{
    struct history *history = actor->history;
    struct job job;
    struct ticket ticket;
    bool is_found = false;
    expect(actor,
           store_claim(history->world->store, "w", &actor->arena, &job, &ticket, &is_found,
                       &actor->err),
           0);
    if (!is_found)
        return;
    pthread_mutex_lock(&history->mutex);
    history->tickets[history->ticket_count++].ticket = ticket;
    pthread_mutex_unlock(&history->mutex);
}

static struct held *pick_ticket(struct actor *actor)
{
    struct history *history = actor->history;
    uint64_t back = draw(actor, RECENT) + 1;
    pthread_mutex_lock(&history->mutex);
    struct held *held =
        history->ticket_count >= back ? &history->tickets[history->ticket_count - back] : NULL;
    pthread_mutex_unlock(&history->mutex);
    return held;
}

static bool tell_progress(struct actor *actor, const struct held *held, bool *out_is_mine)
{
    struct job_progress progress = {.phase = PHASE_WRITING,
                                    .rows_done = (int64_t)draw(actor, 99),
                                    .rows_total = held - actor->history->tickets + 1,
                                    .total_kind = TOTAL_ESTIMATED};
    return store_progress(actor->history->world->store, &held->ticket, &progress, out_is_mine,
                          &actor->err);
}

static bool complete(struct actor *actor, const struct held *held, bool *out_is_mine)
{
    char key[TEXT_SIZE];
    (void)snprintf(key, sizeof key, "%zu", (size_t)(held - actor->history->tickets));
    struct job_file file = {.key = str_of(key), .size = FILE_SIZE};
    struct job_progress progress = {.phase = PHASE_STORING};
    struct job_warnings warnings = {0};
    return store_complete(actor->history->world->store, &held->ticket, &file, &progress, &warnings,
                          out_is_mine, &actor->err);
}

static bool fail_attempt(struct actor *actor, const struct held *held, bool *out_is_mine)
{
    struct err why;
    struct job job;
    (void)err_set(&why, draw(actor, 3) ? ERR_SOURCE_CONFLICT : ERR_SOURCE_DATA, "by chance");
    return store_fail(actor->history->world->store, &held->ticket, &why, &actor->arena, &job,
                      out_is_mine, &actor->err);
}

/* Uses a ticket, good or out of date. */
static void do_work(struct actor *actor)
{
    struct store *store = actor->history->world->store;
    struct held *held = pick_ticket(actor);
    if (!held)
        return;
    bool was_settled = atomic_load(&held->settled) > 0;
    bool is_mine = false;
    bool is_lost = false;
    bool is_ok = true;
    uint64_t what = draw(actor, 8);
    if (what < 3)
        is_ok = tell_progress(actor, held, &is_mine);
    else if (what < 4)
        is_ok = store_heartbeat(store, &held->ticket, 1, &is_lost, &actor->err);
    else if (what < 5)
        is_ok = complete(actor, held, &is_mine);
    else if (what < 7)
        is_ok = fail_attempt(actor, held, &is_mine);
    else
        is_ok = store_release(store, &held->ticket, &is_mine, &actor->err);
    expect(actor, is_ok, 0);
    if (was_settled && is_mine)
        broken(actor->history, "a ticket that was settled was taken again");
    if (what >= 4 && is_mine && atomic_fetch_add(&held->settled, 1) > 0)
        broken(actor->history, "a ticket settled twice");
    if (what == 4 && is_mine)
        (void)atomic_fetch_add(&held->completed, 1);
}

/* ---- All of them ---- */

static void do_janitor(struct actor *actor)
{
    struct world *world = actor->history->world;
    const struct job *jobs = NULL;
    size_t count = 0;
    bool is_expired = false;
    test_clock_advance(&world->clock, (int64_t)draw(actor, 3000));
    bool is_ok = store_rescue(world->store, &actor->arena, &jobs, &count, &actor->err) &&
                 store_list_expired(world->store, 10, &actor->arena, &jobs, &count, &actor->err);
    for (size_t i = 0; is_ok && i < count; i++)
        is_ok = store_expire(world->store, jobs[i].id, &is_expired, &actor->err);
    expect(actor, is_ok, 0);
}

static void *act(void *arg)
{
    struct actor *actor = arg;
    for (int i = 0; i < HISTORY_CALLS; i++) {
        uint64_t what = draw(actor, 100);
        if (what < 25)
            do_create(actor);
        else if (what < 35)
            do_door(actor);
        else if (what < 38)
            do_list(actor);
        else if (what < 41)
            do_count_active(actor);
        else if (what < 48)
            do_download(actor);
        else if (what < 67)
            do_claim(actor);
        else if (what < 95)
            do_work(actor);
        else
            do_janitor(actor);
        arena_done(&actor->arena);
    }
    return NULL;
}

void history_make(struct history *history)
{
    struct actor actors[HISTORY_THREADS];
    for (size_t i = 0; i < HISTORY_THREADS; i++) {
        actors[i] = (struct actor){
            .history = history, .random = (history->seed + i + 1) * UINT64_C(0x9E3779B97F4A7C15)};
        thread_start(&actors[i].thread, act, &actors[i]);
    }
    for (size_t i = 0; i < HISTORY_THREADS; i++)
        pthread_join(actors[i].thread, NULL);
}
