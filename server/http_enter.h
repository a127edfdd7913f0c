/* SPDX-License-Identifier: Apache-2.0
 *
 * How a handler of the browser's door begins, and how it ends with an error.
 */
#ifndef SERVER_HTTP_ENTER_H
#define SERVER_HTTP_ENTER_H

#include "server/http_guard.h"

/* What every call but health begins with: no foreign page asks, the queue is on, and the caller is
 * known. */
bool http_enter(const struct http_door *door, struct http_call *call, struct caller *out,
                struct err *err) MUST_CHECK;

/* The same where nobody has to show anything. */
bool http_enter_anyone(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err) MUST_CHECK;

/* Whether the query says allOwners=true, or 1. */
bool http_asks_for_all_owners(struct http_call *call);

/* Answers with an error, and logs it if it is due. `caller` may be all zero, `job` empty. */
void http_fail(const struct http_door *door, struct http_call *call, const struct caller *caller,
               struct str job, const struct err *err);

#endif
