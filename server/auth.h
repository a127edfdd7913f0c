/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls a handler: from a call's metadata to identity/identity.h.
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

#endif
