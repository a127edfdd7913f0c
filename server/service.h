/* SPDX-License-Identifier: Apache-2.0
 *
 * The gRPC door: ExportService. Each handler takes the caller, converts what came in, asks
 * exports.c, converts what comes out.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "rpc/rpc.h"
#include "server/exports.h"

struct service;

/* Mounts ExportService on a server that has not started. `exports` outlives the server; free the
 * service after the server. */
bool service_mount(struct rpc_server *server, struct exports *exports,
                   const struct rpc_schema *schema, struct service **out,
                   struct err *err) MUST_CHECK;
void service_free(struct service *service);

#endif
