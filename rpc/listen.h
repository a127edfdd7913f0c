/* SPDX-License-Identifier: Apache-2.0
 *
 * From options to gRPC's server object: arguments, credentials, the address. Inside rpc/ only.
 */
#ifndef RPC_LISTEN_H
#define RPC_LISTEN_H

#include "rpc/credentials.h"
#include "rpc/rpc.h"

#include <grpc/grpc.h>

/* Options with the defaults filled in; fails on what makes no sense. The texts are still the
 * caller's. */
bool listen_resolve(const struct rpc_server_options *options, struct rpc_server_options *out,
                    struct err *err) MUST_CHECK;

/* A gRPC server with all arguments set, not bound. */
grpc_server *listen_create(const struct rpc_server_options *options);

/* Binds it; gives the port. The feed outlives the gRPC server. */
bool listen_bind(grpc_server *core, const struct rpc_server_options *options,
                 struct credentials_feed *feed, int *out_port, struct err *err) MUST_CHECK;

#endif
