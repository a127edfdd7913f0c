/* SPDX-License-Identifier: Apache-2.0
 *
 * See load.h. The calls of a connection are waited for in the order they were sent: while one is
 * waited for the others are under way, and what is counted does not depend on the order.
 */
#include "base/mem.h"
#include "exportqueue/v1/export.pb-c.h"
#include "tools/load/load.h"

#include <unistd.h>

enum { JOBS_OF_OWNER = 4, OWNERS_AT_ONCE = 256, US_PER_S = 1000000 };

struct call {
    struct rpc_stream *stream; /* NULL: none under way */
    int64_t began_us;
};

/* Neighbours are different owners, as with many callers. */
static void choose_owner(const struct load_share *share, struct rpc_client *client, long n)
{
    long block = n / ((long)OWNERS_AT_ONCE * JOBS_OF_OWNER);
    long owner = block * OWNERS_AT_ONCE + n % OWNERS_AT_ONCE;
    char name[LOAD_OWNER_SIZE];
    (void)snprintf(name, sizeof name, "load-%d-%ld-%ld", (int)getpid(), share->number, owner);
    rpc_client_set_metadata(client, 0, name);
}

static void begin(const struct load_share *share, struct rpc_client *client, struct call *call)
{
    Exportqueue__V1__CreateJobRequest request = EXPORTQUEUE__V1__CREATE_JOB_REQUEST__INIT;
    request.type = (char *)share->load->type;
    request.format = (char *)"csv";
    call->began_us = tally_now_us();
    call->stream = rpc_stream_open(client, &exportqueue__v1__export_service__descriptor,
                                   "CreateJob", &request.base);
}

static void finish(struct load_share *share, struct call *call)
{
    struct arena arena CLEANUP(arena_done);
    arena_init(&arena);
    ProtobufCMessage *message;
    struct err err = {0};
    enum rpc_stream_result result;
    do
        result = rpc_stream_next(call->stream, -1, &arena, &message, &err);
    while (result == RPC_STREAM_MESSAGE);
    rpc_stream_close(call->stream);
    call->stream = NULL;
    if (result == RPC_STREAM_END)
        tally_add(&share->tally, tally_now_us() - call->began_us);
    else if (err.code == ERR_LIMIT)
        share->tally.refused++;
    else if (share->tally.failed++ == 0)
        (void)fprintf(stderr, "load: %s\n", err.text);
}

void *create_run(void *data)
{
    struct load_share *share = data;
    const struct load *load = share->load;
    struct rpc_client *client = load_connect(share, "load");
    struct call *calls = mem_new_array((size_t)load->at_once, sizeof *calls);
    share->began_us = tally_now_us();
    int64_t end_us = share->began_us + load->count * US_PER_S;
    for (long n = 0; tally_now_us() < end_us; n++) {
        struct call *call = &calls[n % load->at_once];
        if (call->stream)
            finish(share, call);
        choose_owner(share, client, n);
        begin(share, client, call);
    }
    for (long i = 0; i < load->at_once; i++)
        if (calls[i].stream)
            finish(share, &calls[i]);
    free(calls);
    rpc_client_free(client);
    return NULL;
}
