/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a call with an error, and its line in the log: call.refused for what is the caller's,
 * or how things stand for it, without the text, which may quote what the caller sent; call.failed,
 * with the reason, for what is the service's fault or its database's (INTERNAL, UNAVAILABLE). No
 * more than some lines a second, however many callers there are; left_out counts the others.
 */
#ifndef SERVER_FAILURE_H
#define SERVER_FAILURE_H

#include "rpc/rpc.h"
#include "server/exports.h"

/* What is known of a call, whichever door it came by. Empty: not known. */
struct failure_call {
    struct str method; /* "/exportqueue.v1.ExportService/GetJob", "GET /api/exports/jobs/{id}" */
    struct str request_id; /* as the caller gave it */
    struct str owner;
    struct str address;
    struct str trace_parent; /* of its trace context, checked */
    struct str job;          /* the id as the caller gave it: what is no id is not logged */
};

/* A line in the log, if it is due. */
void failure_tell(struct exports *exports, const struct failure_call *call, const struct err *err);

/* rpc_fail, and a line in the log if it is due. `caller` may be all zero: not known. `job` is the
 * id as the caller gave it, or empty: what is no id is not logged. */
void failure_end(struct exports *exports, struct rpc_call *call, const struct caller *caller,
                 struct str job, const struct err *err);

/* Logs a call that was refused before a handler saw it, and counts it if that was for a limit: for
 * rpc_server_options; `data` is the struct exports. */
void failure_refused(void *data, struct rpc_call *call, const struct err *err);

/* Logs a connection that was cut off, for the same. */
void failure_cut_off(void *data, struct rpc_call *call);

#endif
