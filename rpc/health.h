/* SPDX-License-Identifier: Apache-2.0
 *
 * grpc.health.v1: what load balancers and probes ask. Answers come from memory: somebody else looks
 * at the database and sets the status here. Watchers are told of changes only; of several changes
 * in a row a slow one sees the last.
 */
#ifndef RPC_HEALTH_H
#define RPC_HEALTH_H

#include "rpc/rpc.h"

struct rpc_health;

/* Mounts the service, before the server's start. The server as a whole ("") is NOT_SERVING until
 * told otherwise. Free it after the server. */
bool rpc_health_new(struct rpc_server *server, struct rpc_health **out, struct err *err) MUST_CHECK;

/* Sets a service's status; "" is the server as a whole. Thread-safe. Ignored after
 * rpc_health_shutdown. At most RPC_HEALTH_MAX_SERVICES names, more stop the process. */
enum { RPC_HEALTH_MAX_SERVICES = 32 };
void rpc_health_set(struct rpc_health *health, const char *service, bool is_serving);

/* Everything is NOT_SERVING from now on, so that balancers look elsewhere: call it, wait for them
 * to notice, then stop the server (which calls it too). Thread-safe, idempotent. */
void rpc_health_shutdown(struct rpc_health *health);

/* NULL is fine. */
void rpc_health_free(struct rpc_health *health);

#endif
