/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls a handler: from a call's metadata to identity/identity.h. Without authentication, as in
 * this version, the server listens on loopback only.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "identity/identity.h"
#include "rpc/rpc.h"

/* The caller of a call; its texts live as long as the call. ERR_UNAUTHENTICATED. */
bool auth_caller(struct rpc_call *call, struct caller *out, struct err *err) MUST_CHECK;

/* Whether the host of "host:port" is this machine's own: all that may be listened on without
 * authentication. Otherwise ERR_INVALID says how to go on. */
bool auth_check_listen(struct str address, struct err *err) MUST_CHECK;

#endif
