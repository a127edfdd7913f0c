/* SPDX-License-Identifier: Apache-2.0
 *
 * Server reflection, v1 and v1alpha: generic clients learn the services from the server itself. It
 * tells the schemas of all services mounted on the server.
 */
#ifndef RPC_REFLECTION_H
#define RPC_REFLECTION_H

#include "rpc/rpc.h"

struct rpc_reflection;

/* Mounts both versions, before the server's start; services mounted later are told too. Free it
 * after the server. */
bool rpc_reflection_new(struct rpc_server *server, struct rpc_reflection **out,
                        struct err *err) MUST_CHECK;

/* NULL is fine. */
void rpc_reflection_free(struct rpc_reflection *reflection);

#endif
