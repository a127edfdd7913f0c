/* SPDX-License-Identifier: Apache-2.0
 *
 * How the wire is protected: not at all, or by TLS. Inside rpc/ only.
 */
#ifndef RPC_CREDENTIALS_H
#define RPC_CREDENTIALS_H

#include "rpc/rpc.h"

#include <grpc/grpc_security.h>

/* Whether the options for TLS go together. */
bool credentials_check(const struct rpc_server_options *options, struct err *err) MUST_CHECK;

/* What the options ask for. gRPC looks at the PEM texts when it binds, not here. Give it back with
 * grpc_server_credentials_release. */
grpc_server_credentials *credentials_for_server(const struct rpc_server_options *options);

#endif
