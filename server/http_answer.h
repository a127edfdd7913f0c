/* SPDX-License-Identifier: Apache-2.0
 *
 * What the browser's door answers, in the journal's envelope: {"data": …, "error": null} or
 * {"error": {"code", "message"}}, and the header fields that keep a browser from doing more with it
 * than is meant.
 */
#ifndef SERVER_HTTP_ANSWER_H
#define SERVER_HTTP_ANSWER_H

#include "http/http.h"
#include "server/exports.h"

#include <jansson.h>

/* Adds the fields that every answer has: no sniffing, no framing, no caching. */
void http_answer_secure(struct http_call *call, bool has_tls);

/* A text of ours as JSON; what is not UTF-8 becomes empty. A new reference, as all here. */
json_t *http_answer_text(struct str text);

/* Milliseconds since 1970, or null for 0. */
json_t *http_answer_time(int64_t ms);

/* Answers with data; takes the reference. `more` (may be NULL) are members beside data. */
void http_answer_data(struct http_call *call, int status, json_t *data, json_t *more);

/* Answers with an error: status and code by its class, field and time to wait where it has them. */
void http_answer_error(struct http_call *call, const struct err *err);

/* The same with a status that no class of ours has (415, 416). */
void http_answer_status(struct http_call *call, int status, const char *code, const char *text);

#endif
