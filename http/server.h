/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rest of http/ asks of the server. Inside http/ only; http.h is for users.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/workers.h"
#include "http/call.h"

const struct http_server_options *http_server_get_options(const struct http_server *server);
bool http_server_is_stopping(const struct http_server *server);

/* Suspends the call's connection and gives its work to a worker. False: the server cuts what is
 * left, the call has to end. In the connection's thread only. */
bool http_server_hand_over(struct http_server *server, struct http_call *call) MUST_CHECK;

/* The same for a call that is suspended already. */
void http_server_push(struct http_server *server, struct http_call *call);

/* The same for a call that has ended, to be let go at its very end. */
void http_server_push_end(struct http_server *server, struct http_call *call);
void http_server_let_go(struct http_server *server);

/* A call's body is gone: its bytes no longer count. */
void http_server_forget_body(struct http_server *server, size_t bytes);

/* Gives a suspended call back to the connection's thread, which may end it at once: it is not to be
 * touched any more. */
void http_server_resume(struct http_server *server, struct MHD_Connection *connection);

#endif
