/* SPDX-License-Identifier: Apache-2.0
 *
 * A crowd that costs little, so that what is timed is the server: watchers ADDRESS JOB COUNT
 * watches one job as owner alice, COUNT times. It prints "ready" when every watcher
 * has been told how the job stands, and, when every one has seen it COMPLETED, the time (ms since
 * 1970) at which the last did. The streams are read one after the other: all but the last have
 * their message waiting, so the time is that of the slowest watcher and of reading the rest.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "exportqueue/v1/export.pb-c.h"
#include "rpc/client.h"

#include <stdio.h>
#include <stdlib.h>

#define COMPLETED EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED

static struct rpc_client *connect_to(const char *address)
{
    static const struct rpc_metadata owner = {"x-exportq-user", "alice"};
    const struct rpc_client_options options = {
        .target = address, .metadata = &owner, .metadata_count = 1};
    struct rpc_client *client;
    struct err err;
    if (!rpc_client_new(&options, &client, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return client;
}

/* The state that the next message tells. */
static int next_state(struct rpc_stream *stream)
{
    enum { PATIENCE_MS = 60000 };
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena);
    ProtobufCMessage *message;
    struct err err = {0};
    if (rpc_stream_next(stream, PATIENCE_MS, &arena, &message, &err) != RPC_STREAM_MESSAGE) {
        (void)fprintf(stderr, "a watcher got no further message: %s\n", err.text);
        exit(1);
    }
    return (int)((const Exportqueue__V1__WatchJobResponse *)message)->job->state;
}

static void watch(const char *address, char *job, size_t count)
{
    struct rpc_client *client = connect_to(address);
    struct rpc_stream **streams = mem_new_array(count, sizeof *streams);
    Exportqueue__V1__WatchJobRequest request = EXPORTQUEUE__V1__WATCH_JOB_REQUEST__INIT;
    request.id = job;
    for (size_t i = 0; i < count; i++)
        streams[i] = rpc_stream_open(client, &exportqueue__v1__export_service__descriptor,
                                     "WatchJob", &request.base);
    for (size_t i = 0; i < count; i++) {
        if (next_state(streams[i]) == COMPLETED) {
            (void)fprintf(stderr, "the job was over before all were watching\n");
            exit(1);
        }
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    for (size_t i = 0; i < count; i++)
        while (next_state(streams[i]) != COMPLETED)
            ;
    (void)printf("%lld\n", (long long)clock_now_ms(&clock_system));
    for (size_t i = 0; i < count; i++)
        rpc_stream_close(streams[i]);
    free(streams);
    rpc_client_free(client);
}

int main(int argc, char **argv)
{
    enum { NAME, ADDRESS, JOB, COUNT, ARGUMENTS };
    if (argc != ARGUMENTS) {
        (void)fprintf(stderr, "usage: %s ADDRESS JOB COUNT\n", argv[NAME]);
        return 2;
    }
    watch(argv[ADDRESS], argv[JOB], strtoul(argv[COUNT], NULL, 10));
    return 0;
}
