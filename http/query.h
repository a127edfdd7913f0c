/* SPDX-License-Identifier: Apache-2.0
 *
 * What the query of a URL has to be. Inside http/ only.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "http/call.h"

/* Whether a text is UTF-8 without control characters. */
bool query_is_clean(struct str text);

/* Whether a call's arguments are clean, and its route, which is known, takes each of them.
 * ERR_INVALID names the one that it does not take. */
bool query_check(struct http_call *call, struct err *err) MUST_CHECK;

#endif
