/* SPDX-License-Identifier: Apache-2.0
 *
 * See load.h. A connection has one WatchJob stream over all jobs of its owner; what it tells is
 * matched with what was created by the job's id. A job may be COMPLETED on the stream before its
 * creation is answered: the stream is read after.
 */
#include "base/mem.h"
#include "exportqueue/v1/export.pb-c.h"
#include "tools/load/load.h"

#include <unistd.h>

#define COMPLETED EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED

enum { PATIENCE_MS = 30000, GLANCE_MS = 500, ID_SIZE = 40, NS_PER_MS = 1000000 };

struct waiting {
    char id[ID_SIZE]; /* "": a free place */
    int64_t began_us;
};

struct rounds {
    struct load_share *share;
    struct rpc_client *client;
    struct rpc_stream *watch;
    struct waiting *waiting; /* as many as are at once */
    long under_way;
};

static struct waiting *find(struct rounds *rounds, const char *id)
{
    for (long i = 0; i < rounds->share->load->at_once; i++)
        if (strcmp(rounds->waiting[i].id, id) == 0)
            return &rounds->waiting[i];
    return NULL;
}

/* Asks for a job; its id is copied. Gives when it began. */
static int64_t ask(struct rounds *rounds, char id[ID_SIZE])
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena);
    Exportqueue__V1__CreateJobRequest request = EXPORTQUEUE__V1__CREATE_JOB_REQUEST__INIT;
    request.type = (char *)rounds->share->load->type;
    request.format = (char *)"csv";
    int64_t began_us = tally_now_us();
    ProtobufCMessage *message;
    struct err err;
    if (!rpc_client_call(rounds->client, &exportqueue__v1__export_service__descriptor, "CreateJob",
                         &request.base, &arena, &message, &err))
        load_give_up("a job was not created", &err);
    (void)snprintf(id, ID_SIZE, "%s",
                   ((const Exportqueue__V1__CreateJobResponse *)message)->job->id);
    return began_us;
}

/* Reads the stream until it tells of the end of a job. False if the time came first. */
static bool next_end(struct rounds *rounds, int64_t timeout_ms, char id[ID_SIZE], bool *out_is_ok)
{
    for (;;) {
        struct arena arena CLEANUP(arena_done);
        arena_init(&arena);
        ProtobufCMessage *message;
        struct err err = {0};
        enum rpc_stream_result result =
            rpc_stream_next(rounds->watch, timeout_ms, &arena, &message, &err);
        if (result == RPC_STREAM_TIMEOUT)
            return false;
        if (result != RPC_STREAM_MESSAGE)
            load_give_up("the watch ended", &err);
        const Exportqueue__V1__Job *job = ((const Exportqueue__V1__WatchJobResponse *)message)->job;
        if (job->state < COMPLETED)
            continue;
        *out_is_ok = job->state == COMPLETED;
        if (!*out_is_ok && rounds->share->tally.failed == 0)
            (void)fprintf(stderr, "load: a job did not complete: %s\n",
                          job->error ? job->error->message : "");
        (void)snprintf(id, ID_SIZE, "%s", job->id);
        return true;
    }
}

static bool is_over(struct rounds *rounds, char *id)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena);
    Exportqueue__V1__GetJobRequest request = EXPORTQUEUE__V1__GET_JOB_REQUEST__INIT;
    request.id = id;
    ProtobufCMessage *message;
    struct err err;
    if (!rpc_client_call(rounds->client, &exportqueue__v1__export_service__descriptor, "GetJob",
                         &request.base, &arena, &message, &err))
        load_give_up("a job cannot be read", &err);
    return ((const Exportqueue__V1__GetJobResponse *)message)->job->state >= COMPLETED;
}

/* A stream is not told of what ended before the server took it up; a job that does not count tells
 * when it has: the first, or else another one. */
static void open_watch(struct rounds *rounds)
{
    Exportqueue__V1__WatchJobRequest all = EXPORTQUEUE__V1__WATCH_JOB_REQUEST__INIT;
    rounds->watch = rpc_stream_open(rounds->client, &exportqueue__v1__export_service__descriptor,
                                    "WatchJob", &all.base);
    char asked[ID_SIZE];
    char told[ID_SIZE] = "";
    bool is_ok;
    (void)ask(rounds, asked);
    while (strcmp(asked, told) != 0)
        if (!next_end(rounds, GLANCE_MS, told, &is_ok) && is_over(rounds, asked))
            (void)ask(rounds, asked);
}

static void begin(struct rounds *rounds)
{
    if (rounds->share->load->pause_ms) {
        const struct timespec pause = {.tv_nsec = rounds->share->load->pause_ms * NS_PER_MS};
        (void)nanosleep(&pause, NULL);
    }
    struct waiting *waiting = find(rounds, "");
    waiting->began_us = ask(rounds, waiting->id);
    rounds->under_way++;
}

static void finish(struct rounds *rounds)
{
    char id[ID_SIZE];
    bool is_ok;
    if (!next_end(rounds, PATIENCE_MS, id, &is_ok)) {
        struct err err;
        (void)err_set(&err, ERR_DEADLINE, "%ld are under way, none ended in %d s",
                      rounds->under_way, PATIENCE_MS / 1000);
        load_give_up("jobs do not end", &err);
    }
    struct waiting *waiting = find(rounds, id);
    if (!waiting)
        return;
    if (is_ok)
        tally_add(&rounds->share->tally, tally_now_us() - waiting->began_us);
    else
        rounds->share->tally.failed++;
    waiting->id[0] = '\0';
    rounds->under_way--;
}

void *round_run(void *data)
{
    struct load_share *share = data;
    const struct load *load = share->load;
    char owner[LOAD_OWNER_SIZE];
    (void)snprintf(owner, sizeof owner, "load-%d-%ld", (int)getpid(), share->number);
    struct rounds rounds = {.share = share, .client = load_connect(share, owner)};
    rounds.waiting = mem_new_array((size_t)load->at_once, sizeof *rounds.waiting);
    open_watch(&rounds);
    long left = load->count / load->connections;
    share->began_us = tally_now_us();
    while (left || rounds.under_way) {
        if (left && rounds.under_way < load->at_once) {
            begin(&rounds);
            left--;
        } else {
            finish(&rounds);
        }
    }
    rpc_stream_close(rounds.watch);
    free(rounds.waiting);
    rpc_client_free(rounds.client);
    return NULL;
}
