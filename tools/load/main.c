/* SPDX-License-Identifier: Apache-2.0
 *
 * load puts a server under load and prints what came of it as a JSON object; see usage() and
 * load.h. tools/bench calls it.
 */
#include "tools/load/load.h"

#include "base/mem.h"

#include <pthread.h>

enum { MESSAGE_MAX_BYTES = 1 << 20, LONG_CALL_MS = 120000 };

struct rpc_client *load_connect(const struct load_share *share, const char *owner)
{
    const struct rpc_metadata metadata = {"x-exportq-user", owner};
    const struct rpc_client_options options = {
        .target = share->load->address,
        .metadata = &metadata,
        .metadata_count = 1,
        .timeout_ms = LONG_CALL_MS,
        /* clients whose options are equal share one connection */
        .max_message_bytes = MESSAGE_MAX_BYTES + (size_t)share->number,
    };
    struct rpc_client *client;
    struct err err;
    if (!rpc_client_new(&options, &client, &err))
        load_give_up("cannot connect", &err);
    return client;
}

_Noreturn void load_give_up(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, err->text);
    exit(1); // NOLINT(concurrency-mt-unsafe): nothing is to be put in order
}

static void run(const struct load *load, void *(*share_run)(void *))
{
    size_t count = (size_t)load->connections;
    struct load_share *shares = mem_new_array(count, sizeof *shares);
    pthread_t *threads = mem_new_array(count, sizeof *threads);
    struct tally all = {0};
    for (size_t i = 0; i < count; i++) {
        shares[i] = (struct load_share){.load = load, .number = (long)i};
        if (pthread_create(&threads[i], NULL, share_run, &shares[i]) != 0) {
            struct err err;
            (void)err_set(&err, ERR_INTERNAL, "%zu are running", i);
            load_give_up("no further thread", &err);
        }
    }
    int64_t began_us = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        if (shares[i].began_us < began_us)
            began_us = shares[i].began_us;
        tally_join(&all, &shares[i].tally);
        tally_done(&shares[i].tally);
    }
    tally_print(&all, tally_now_us() - began_us);
    tally_done(&all);
    free(threads);
    free(shares);
}

static int usage(const char *name)
{
    (void)fprintf(
        stderr,
        "usage: %s create ADDRESS TYPE CONNECTIONS AT_ONCE SECONDS\n"
        "       %s round ADDRESS TYPE CONNECTIONS AT_ONCE JOBS PAUSE_MS\n"
        "       %s drain ADDRESS TOKEN\n"
        "create makes jobs and waits for none; round sees each to its end; drain downloads\n",
        name, name, name);
    return 2;
}

int main(int argc, char **argv)
{
    enum { NAME, MODE, ADDRESS, TYPE, CONNECTIONS, AT_ONCE, COUNT, PAUSE };
    if (argc == TYPE + 1 && strcmp(argv[MODE], "drain") == 0) {
        drain_run(&(struct load){.address = argv[ADDRESS]}, argv[TYPE]);
        return 0;
    }
    bool is_create = argc == PAUSE && strcmp(argv[MODE], "create") == 0;
    bool is_round = argc == PAUSE + 1 && strcmp(argv[MODE], "round") == 0;
    if (!is_create && !is_round)
        return usage(argv[NAME]);
    struct load load = {
        .address = argv[ADDRESS],
        .type = argv[TYPE],
        .connections = strtol(argv[CONNECTIONS], NULL, 10),
        .at_once = strtol(argv[AT_ONCE], NULL, 10),
        .count = strtol(argv[COUNT], NULL, 10),
        .pause_ms = is_round ? strtol(argv[PAUSE], NULL, 10) : 0,
    };
    if (load.connections < 1 || load.at_once < 1 || load.count < 1)
        return usage(argv[NAME]);
    run(&load, is_create ? create_run : round_run);
    return 0;
}
