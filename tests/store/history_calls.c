/* SPDX-License-Identifier: Apache-2.0
 *
 * See history.h. Doors, workers that keep and use tickets long after they are out of date,
 * downloads, a janitor, a clock that jumps. Threads only note what is wrong; asserts belong to the
 * main thread.
 */
#include "base/thread.h"
#include "tests/store/history.h"

enum { RECENT = 24, TEXT_SIZE = 32, FILE_SIZE = 1 };

struct player {
    struct history *history;
    uint64_t random;
    struct arena arena;
    struct err err;
    pthread_t thread;
    struct known_job *download; /* which it holds, or held once */
    int64_t lease;
    int64_t token_no; /* of the lease */
    int64_t offset;
};

static uint64_t draw(struct player *player, uint64_t below)
{
    uint64_t x = player->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    player->random = x;
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
static void expect(struct player *player, bool is_ok, uint64_t allowed)
{
    if (!is_ok && !(allowed >> player->err.code & 1))
        broken(player->history, player->err.text);
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

static void do_create(struct player *player)
{
    size_t owner = draw(player, HISTORY_OWNERS);
    size_t request = draw(player, 2 * HISTORY_REQUESTS);
    bool has_request = request < HISTORY_REQUESTS;
    char owner_text[] = {(char)('a' + owner), '\0'};
    char request_text[] = {(char)('A' + request), '\0'};
    struct job_draft draft = draft_of(owner_text, has_request ? request_text : NULL);
    struct job job;
    bool is_ok = store_create(player->history->world->store, &draft, &player->arena, &job, NULL,
                              &player->err);
    expect(player, is_ok, ALLOW(ERR_LIMIT));
    if (!is_ok)
        return;
    remember_job(player->history, job.id, has_request);
    if (has_request)
        remember_request(player->history, owner, request, job.id);
}

/* One of the latest; NULL: there are not so many yet. */
static struct known_job *pick_job(struct player *player)
{
    struct history *history = player->history;
    uint64_t back = draw(player, RECENT) + 1;
    pthread_mutex_lock(&history->mutex);
    struct known_job *job =
        history->job_count >= back ? &history->jobs[history->job_count - back] : NULL;
    pthread_mutex_unlock(&history->mutex);
    return job;
}

static void do_door(struct player *player)
{
    struct store *store = player->history->world->store;
    const struct known_job *known = pick_job(player);
    const uint64_t missing = ALLOW(ERR_NOT_FOUND);
    struct job job;
    if (!known)
        return;
    switch (draw(player, 4)) {
    case 0:
        expect(player,
               store_cancel(store, known->id, &somebody, &player->arena, &job, NULL, &player->err),
               missing | ALLOW(ERR_WRONG_STATE));
        break;
    case 1:
        expect(player, store_retry(store, known->id, &somebody, &player->arena, &job, &player->err),
               missing | ALLOW(ERR_WRONG_STATE) | ALLOW(ERR_LIMIT));
        break;
    case 2:
        if (!known->has_request)
            expect(
                player,
                store_remove(store, known->id, &somebody, &player->arena, &job, NULL, &player->err),
                missing);
        break;
    default:
        expect(player, store_get(store, known->id, &player->arena, &job, &player->err), missing);
    }
}

static void do_list(struct player *player)
{
    char owner[] = {(char)('a' + draw(player, HISTORY_OWNERS)), '\0'};
    struct job_query query = {.owner = str_of(owner), .limit = 1 + draw(player, 20)};
    const struct job *jobs = NULL;
    size_t count = 0;
    expect(player,
           store_list(player->history->world->store, &query, &player->arena, &jobs, &count,
                      &player->err),
           0);
    for (size_t i = 1; i < count; i++)
        if (uuid_compare(jobs[i - 1].id, jobs[i].id) <= 0)
            broken(player->history, "a list is out of order");
}

static void do_list_audit(struct player *player)
{
    char owner[] = {(char)('a' + draw(player, HISTORY_OWNERS)), '\0'};
    struct audit_query query = {.owner = str_of(owner), .limit = 1 + draw(player, 20)};
    const struct audit_entry *entries = NULL;
    size_t count = 0;
    expect(player,
           store_list_audit(player->history->world->store, &query, &player->arena, &entries, &count,
                            &player->err),
           0);
    for (size_t i = 1; i < count; i++)
        if (entries[i - 1].number <= entries[i].number)
            broken(player->history, "the audit is out of order");
}

static void do_count_active(struct player *player)
{
    struct world *world = player->history->world;
    char owner[] = {(char)('a' + draw(player, HISTORY_OWNERS)), '\0'};
    struct job_query query = {
        .owner = str_of(owner), .states = BIT(JOB_QUEUED) | BIT(JOB_RUNNING), .limit = 1000};
    const struct job *jobs = NULL;
    size_t count = 0;
    expect(player, store_list(world->store, &query, &player->arena, &jobs, &count, &player->err),
           0);
    if (count > (size_t)world->options.max_active_per_owner)
        broken(player->history, "an owner has more active jobs than allowed");
}

/* ---- Downloads ---- */

static const uint64_t not_served = ALLOW(ERR_NOT_FOUND) | ALLOW(ERR_NOT_READY) |
                                   ALLOW(ERR_WRONG_STATE) | ALLOW(ERR_EXPIRED) | ALLOW(ERR_USED) |
                                   ALLOW(ERR_BUSY);

/* A new token, or the newest that somebody was given, be it spent or out of date. */
static bool get_token(struct player *player, struct known_job *known, int64_t *out)
{
    *out = (int64_t)atomic_load(&known->token_no);
    if (*out && draw(player, 3))
        return true;
    if (!store_issue_token(player->history->world->store, known->id, &somebody, out, &player->err))
        return false;
    atomic_store(&known->token_no, *out);
    return true;
}

static void open_download(struct player *player)
{
    struct store *store = player->history->world->store;
    struct known_job *known = pick_job(player);
    struct job job;
    if (!known)
        return;
    player->download = known;
    player->lease = 0;
    player->offset = (int64_t)draw(player, FILE_SIZE + 1);
    bool is_ok = get_token(player, known, &player->token_no) &&
                 store_download_open(store,
                                     &(struct download_request){known->id, player->token_no,
                                                                player->offset, somebody},
                                     &player->arena, &job, &player->lease, &player->err);
    expect(player, is_ok, not_served);
    if (is_ok && job.state != JOB_COMPLETED)
        broken(player->history, "a job that is not completed was opened");
}

/* The whole file is handed over at most once: whoever tells so under a lease that holds. */
static void renew_download(struct player *player)
{
    const struct transfer transfer = {player->offset, FILE_SIZE, FILE_SIZE, player->token_no};
    bool is_ok = store_download_renew(player->history->world->store, player->download->id,
                                      player->lease, &transfer, &player->err);
    expect(player, is_ok, ALLOW(ERR_BUSY));
    if (is_ok && player->offset == 0 && atomic_fetch_add(&player->download->delivered, 1) > 0)
        broken(player->history, "a file was handed over twice");
    player->offset = FILE_SIZE; /* what is told again does not count again */
}

static void do_download(struct player *player)
{
    if (!player->download || !player->lease)
        open_download(player);
    else if (draw(player, 2))
        renew_download(player);
    else {
        const struct transfer transfer = {player->offset, player->offset, player->offset,
                                          player->token_no};
        expect(player,
               store_download_close(player->history->world->store, player->download->id,
                                    player->lease, &transfer, &player->err),
               0);
        player->lease = 0;
    }
}

/* ---- Workers ---- */

static void do_claim(struct player *player)
{
    struct history *history = player->history;
    struct job job;
    struct ticket ticket;
    bool is_found = false;
    expect(player,
           store_claim(history->world->store, "w", &player->arena, &job, &ticket, &is_found,
                       &player->err),
           0);
    if (!is_found)
        return;
    pthread_mutex_lock(&history->mutex);
    history->tickets[history->ticket_count++].ticket = ticket;
    pthread_mutex_unlock(&history->mutex);
}

static struct held *pick_ticket(struct player *player)
{
    struct history *history = player->history;
    uint64_t back = draw(player, RECENT) + 1;
    pthread_mutex_lock(&history->mutex);
    struct held *held =
        history->ticket_count >= back ? &history->tickets[history->ticket_count - back] : NULL;
    pthread_mutex_unlock(&history->mutex);
    return held;
}

static bool tell_progress(struct player *player, const struct held *held, bool *out_is_mine)
{
    struct job_progress progress = {.phase = PHASE_WRITING,
                                    .rows_done = (int64_t)draw(player, 99),
                                    .rows_total = held - player->history->tickets + 1,
                                    .total_kind = TOTAL_ESTIMATED};
    return store_progress(player->history->world->store, &held->ticket, &progress, out_is_mine,
                          &player->err);
}

static bool complete(struct player *player, const struct held *held, bool *out_is_mine)
{
    char key[TEXT_SIZE];
    (void)snprintf(key, sizeof key, "%zu", (size_t)(held - player->history->tickets));
    struct job_file file = {.key = str_of(key), .size = FILE_SIZE};
    struct job_progress progress = {.phase = PHASE_STORING};
    struct job_warnings warnings = {0};
    return store_complete(player->history->world->store, &held->ticket, &file, &progress, &warnings,
                          out_is_mine, &player->err);
}

static bool fail_attempt(struct player *player, const struct held *held, bool *out_is_mine)
{
    struct err why;
    struct job job;
    (void)err_set(&why, draw(player, 3) ? ERR_SOURCE_CONFLICT : ERR_SOURCE_DATA, "by chance");
    return store_fail(player->history->world->store, &held->ticket, &why, &player->arena, &job,
                      out_is_mine, &player->err);
}

/* Uses a ticket, good or out of date. */
static void do_work(struct player *player)
{
    struct store *store = player->history->world->store;
    struct held *held = pick_ticket(player);
    if (!held)
        return;
    bool was_settled = atomic_load(&held->settled) > 0;
    bool is_mine = false;
    bool is_lost = false;
    bool is_ok = true;
    uint64_t what = draw(player, 8);
    if (what < 3)
        is_ok = tell_progress(player, held, &is_mine);
    else if (what < 4)
        is_ok = store_heartbeat(store, &held->ticket, 1, &is_lost, &player->err);
    else if (what < 5)
        is_ok = complete(player, held, &is_mine);
    else if (what < 7)
        is_ok = fail_attempt(player, held, &is_mine);
    else
        is_ok = store_release(store, &held->ticket, &is_mine, &player->err);
    expect(player, is_ok, 0);
    if (was_settled && is_mine)
        broken(player->history, "a ticket that was settled was taken again");
    if (what >= 4 && is_mine && atomic_fetch_add(&held->settled, 1) > 0)
        broken(player->history, "a ticket settled twice");
    if (what == 4 && is_mine)
        (void)atomic_fetch_add(&held->completed, 1);
}

/* ---- All of them ---- */

static void do_janitor(struct player *player)
{
    struct world *world = player->history->world;
    const struct job *jobs = NULL;
    size_t count = 0;
    bool is_expired = false;
    test_clock_advance(&world->clock, (int64_t)draw(player, 3000));
    bool is_ok = store_rescue(world->store, &player->arena, &jobs, &count, &player->err) &&
                 store_list_expired(world->store, 10, &player->arena, &jobs, &count, &player->err);
    for (size_t i = 0; is_ok && i < count; i++)
        is_ok = store_expire(world->store, jobs[i].id, &is_expired, &player->err);
    expect(player, is_ok, 0);
}

static void *act(void *arg)
{
    struct player *player = arg;
    for (int i = 0; i < HISTORY_CALLS; i++) {
        uint64_t what = draw(player, 100);
        if (what < 25)
            do_create(player);
        else if (what < 35)
            do_door(player);
        else if (what < 37)
            do_list(player);
        else if (what < 38)
            do_list_audit(player);
        else if (what < 41)
            do_count_active(player);
        else if (what < 48)
            do_download(player);
        else if (what < 67)
            do_claim(player);
        else if (what < 95)
            do_work(player);
        else
            do_janitor(player);
        arena_done(&player->arena);
    }
    return NULL;
}

void history_make(struct history *history)
{
    struct player players[HISTORY_THREADS];
    for (size_t i = 0; i < HISTORY_THREADS; i++) {
        players[i] = (struct player){
            .history = history, .random = (history->seed + i + 1) * UINT64_C(0x9E3779B97F4A7C15)};
        thread_start(&players[i].thread, act, &players[i]);
    }
    for (size_t i = 0; i < HISTORY_THREADS; i++)
        pthread_join(players[i].thread, NULL);
}
