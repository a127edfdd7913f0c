/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls. Without authentication, as in this version, the server listens on loopback only and
 * believes the caller's `x-exportq-user`.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "rpc/rpc.h"
#include "server/exports.h"

/* The owner of a caller that names none. */
#define AUTH_DEFAULT_OWNER "local"

/* The caller of a call; its texts live as long as the call. ERR_UNAUTHENTICATED for a name that is
 * too long, is not UTF-8 or holds control characters, and for more than one. */
bool auth_caller(const struct rpc_call *call, struct caller *out, struct err *err) MUST_CHECK;

/* Whether the host of "host:port" is this machine's own: all that may be listened on without
 * authentication. Otherwise ERR_INVALID says how to go on. */
bool auth_check_listen(struct str address, struct err *err) MUST_CHECK;

#endif
