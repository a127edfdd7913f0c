/* SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for gRPC's core: link it instead of libgrpc. It has the functions that the server side
 * of rpc/ calls, keeps the core's rules by assert, and delivers events in an order drawn from a
 * seed. The wire side is played by the test: it makes calls, reads, stops reading, cancels.
 *
 * Rules it asserts: one operation of each type outstanding per call; sends of a call started one at
 * a time, and receives too; nothing started on a queue that is shut down; a queue destroyed only
 * when drained and left by all; a server destroyed only when its shutdown was told; a call's last
 * reference dropped only when no event is outstanding.
 */
#ifndef TESTS_RPC_FAKE_CORE_H
#define TESTS_RPC_FAKE_CORE_H

#include "base/str.h"

struct fake_call;

/* Starts a new order of events. */
void fake_core_seed(uint64_t seed);

/* A number below `limit`, drawn from the seed. Thread-safe. */
unsigned fake_core_draw(unsigned limit);

/* While held, events pile up and no one gets any. */
void fake_core_hold(bool is_held);

/* Objects of the core that are alive: servers, queues, calls, slices, buffers. */
unsigned fake_core_objects(void);

/* A client calls; `body` is its request, or none if ptr is NULL. It half-closes after the body
 * unless it `stays_open`. It reads nothing until fake_call_take. */
struct fake_call *fake_call_new(const char *method, struct str body, bool stays_open);

/* One more request; then the end of requests. */
void fake_call_send(struct fake_call *call, struct str body);
void fake_call_close(struct fake_call *call);

/* Reads up to `count` more messages as they come. */
void fake_call_take(struct fake_call *call, unsigned count);

/* The client goes away. */
void fake_call_cancel(struct fake_call *call);

/* Whether the client has a status, or has gone. */
bool fake_call_is_over(struct fake_call *call);

enum { FAKE_NO_STATUS = -1 };

/* The status it has got; FAKE_NO_STATUS: none. */
int fake_call_status(struct fake_call *call);

/* How many messages it has got. */
unsigned fake_call_messages(struct fake_call *call);

/* The client forgets the call, which must be over. */
void fake_call_free(struct fake_call *call);

#endif
