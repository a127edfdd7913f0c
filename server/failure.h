/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a call with an error. What the caller is to blame for only the caller learns; of what
 * is the service's fault or its database's (INTERNAL, UNAVAILABLE) the log tells too, once, and no
 * more than a few lines a second, however many callers a broken database has.
 */
#ifndef SERVER_FAILURE_H
#define SERVER_FAILURE_H

#include "rpc/rpc.h"
#include "server/exports.h"

/* rpc_fail, and a line in the log if it is due. `job` is the id as the caller gave it, or empty:
 * what is no id is not logged. */
void failure_end(struct exports *exports, struct rpc_call *call, struct str job,
                 const struct err *err);

#endif
