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

/* What gRPC has of a source whose texts change. The zero value: nothing yet. Outlives the
 * credentials. */
struct credentials_feed {
    struct rpc_tls_source source;
    bool has_given;
    uint64_t given; /* the generation; gRPC asks for one connection at a time */
};

/* What the options ask for. gRPC looks at the PEM texts when it binds, not here. Give it back with
 * grpc_server_credentials_release. */
grpc_server_credentials *credentials_for_server(const struct rpc_server_options *options,
                                                struct credentials_feed *feed);

/* Whether the options ask for TLS. */
bool credentials_are_tls(const struct rpc_server_options *options);

#endif
