/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rest of rpc/ asks of the server. Inside rpc/ only; rpc.h is for users.
 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "base/workers.h"
#include "rpc/methods.h"
#include "rpc/rpc.h"

const struct methods *server_methods(const struct rpc_server *server);
struct workers *server_workers(struct rpc_server *server);
/* What one request may take once decoded. */
size_t server_max_request_memory(const struct rpc_server *server);

/* What the metadata of one call may take, counted as HTTP/2 does. */
size_t server_max_metadata_bytes(const struct rpc_server *server);

int64_t server_request_timeout_ms(const struct rpc_server *server);

/* Takes memory for a decoded request from what all calls may have together, or tells ERR_LIMIT; a
 * call gives back what it took. Thread-safe. */
bool server_take_decoded(struct rpc_server *server, size_t bytes, struct err *err) MUST_CHECK;
void server_give_back_decoded(struct rpc_server *server, size_t bytes);

/* True from the moment rpc_server_stop begins. Thread-safe. */
bool server_is_stopping(const struct rpc_server *server);

/* Hands gRPC a call to fill with the next client's request. */
void server_request_call(struct rpc_server *server, struct rpc_call *call);

/* Takes a call into the list of calls, or says why not. */
bool server_admit(struct rpc_server *server, struct rpc_call *call, struct err *err) MUST_CHECK;

/* Tells whoever asked for it (rpc_server_options) of a call that no handler sees. */
void server_tell_refused(const struct rpc_server *server, struct rpc_call *call,
                         const struct err *why);

/* Tells whoever asked for it of a call's end: its status, and when it was accepted on
 * clock_monotonic_us(). */
void server_tell_ended(const struct rpc_server *server, struct str method, int status,
                       int64_t accepted_us);

/* A call, which is in a turn, was reset before a handler saw it. Who does that too often is cut
 * off: rpc/resets.h. */
void server_count_reset(struct rpc_server *server, struct rpc_call *call);

/* The last that a call does with its server. */
void server_forget(struct rpc_server *server, struct rpc_call *call);

/* `hook(data)` is called by rpc_server_stop before all else, more than once if that is called more
 * than once. At most SERVER_MAX_HOOKS. */
enum { SERVER_MAX_HOOKS = 4 };
void server_on_stop(struct rpc_server *server, void (*hook)(void *), void *data);

#endif
