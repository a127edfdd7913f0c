/* SPDX-License-Identifier: Apache-2.0
 *
 * A load: several connections to one server, each driven by a thread of its own, and what they
 * found. All of it costs little, for it runs beside what it measures.
 */
#ifndef TOOLS_LOAD_LOAD_H
#define TOOLS_LOAD_LOAD_H

#include "rpc/client.h"
#include "tools/load/tally.h"

struct load {
    const char *address;
    const char *type; /* the export type that is asked for */
    long connections;
    long at_once; /* of one connection: calls, or jobs */
    long count;   /* create: seconds; round: jobs of all connections */
    long pause_ms;
};

enum { LOAD_OWNER_SIZE = 64 };

/* A thread's share of a load. */
struct load_share {
    const struct load *load;
    long number;      /* 0, 1, … */
    int64_t began_us; /* when it began what counts */
    struct tally tally;
};

/* Connects; the share is then one TCP connection of its own. Ends the program if that fails. */
struct rpc_client *load_connect(const struct load_share *share, const char *owner);

/* Says why, and ends the program: half a load measures nothing. */
_Noreturn void load_give_up(const char *what, const struct err *err);

/* Creates jobs for `count` seconds, `at_once` calls under way on each connection, and waits for
 * none of the jobs. Each owner is given four of them, so a limit of five refuses none. */
void *create_run(void *share);

/* Creates jobs and sees each COMPLETED by a WatchJob stream, `at_once` under way on each
 * connection, each after a pause. A connection is an owner. */
void *round_run(void *share);

/* Downloads the file of a token, throws it away and prints how long that took. */
void drain_run(const struct load *load, const char *token);

#endif
