/* SPDX-License-Identifier: Apache-2.0
 *
 * The probe service (proto/exportqtest/v1/probe.proto) on a server: what the tests of rpc/ talk to.
 * With the real core or the stand-in.
 */
#ifndef TESTS_RPC_SUPPORT_PROBE_H
#define TESTS_RPC_SUPPORT_PROBE_H

#include "base/list.h"
#include "exportqtest/v1/probe.pb-c.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "rpc/rpc.h"

#include <pthread.h>
#include <stdatomic.h>

#define PROBE_ECHO  "/exportqtest.v1.ProbeService/Echo"
#define PROBE_COUNT "/exportqtest.v1.ProbeService/Count"
#define PROBE_WATCH "/exportqtest.v1.ProbeService/Watch"

struct probe {
    Exportqtest__V1__ProbeService_Service service;
    struct rpc_schema *schema;
    struct rpc_server *server;
    struct rpc_health *health;
    struct rpc_reflection *reflection;
    void (*look)(struct probe *probe, struct rpc_call *call); /* in each Echo; may be NULL */
    void *look_data;
    atomic_uint echoes;          /* handlers of Echo begun */
    atomic_uint echoes_given_up; /* those that saw the client go */
    atomic_uint states;          /* handlers' states that are alive */
    atomic_uint messages;        /* of Count, given */
    atomic_bool is_slow;         /* Watch takes its time before it waits */
    atomic_uint_fast64_t given;  /* the last value that Watch gave */
    pthread_mutex_t mutex;       /* guards the next two */
    struct list watchers;
    uint64_t value;
};

/* A started server on a free port, with health and reflection. */
struct probe *probe_new(struct rpc_server_options options);

/* Stops without grace, if the test has not yet, and frees; fails the test if a state is left. */
void probe_free(struct probe *probe);

/* A new value: wakes all watchers. Thread-safe. */
void probe_publish(struct probe *probe, uint64_t value);

/* How many Watch calls are open. */
unsigned probe_watchers(struct probe *probe);

/* The oldest open Watch call. Under the mutex; there must be one. */
struct rpc_call *probe_first_watcher(struct probe *probe);

/* Waits, and fails the test after ten seconds. */
#define WAIT_UNTIL(condition)                                   \
    for (int64_t until_ms = probe_patience_ms(); !(condition);) \
    probe_wait(until_ms, #condition)

/* For WAIT_UNTIL: when patience ends, and a moment's wait unless it has. */
int64_t probe_patience_ms(void);
void probe_wait(int64_t until_ms, const char *condition);

/* Lets others run for a fraction of a millisecond. */
void probe_breathe(void);

#endif
