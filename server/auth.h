/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls a handler: from a call's metadata to identity/identity.h; and where a server may
 * listen, by how it asks who calls.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "identity/identity.h"
#include "rpc/rpc.h"

/* The caller of a call; its texts live as long as the call. ERR_UNAUTHENTICATED. */
bool auth_caller(const struct identity *identity, struct rpc_call *call, struct caller *out,
                 struct err *err) MUST_CHECK;

/* The same where a caller need not show anything: its owner is empty then. */
bool auth_anyone(const struct identity *identity, struct rpc_call *call, struct caller *out,
                 struct err *err) MUST_CHECK;

/* The other end's address without its port, as in struct caller; lives as long as the call. */
struct str auth_address(struct rpc_call *call);

/* To which trace a call belongs, as base/trace.h reads it; empty: it does not say, or nothing to be
 * believed. Lives as long as the call. */
struct str auth_trace_parent(struct rpc_call *call);

/* What an address has to go with. */
struct auth_door {
    const char *setting; /* that says the address */
    const char *example_port;
    struct str address; /* "host:port" */
    bool is_open;       /* without authentication */
    bool has_mtls;
    bool has_tls;
    bool has_client_ca;
    bool allows_plaintext; /* EXPORT_ALLOW_PLAINTEXT: a proxy in front ends TLS */
};

/* Whether a server may listen so: without authentication on loopback alone; elsewhere with TLS.
 * Otherwise ERR_INVALID says how to go on. */
bool auth_check_door(const struct auth_door *door, struct err *err) MUST_CHECK;

#endif
