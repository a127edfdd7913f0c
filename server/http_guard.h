/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may ask what of an HTTP door. A browser carries requests for pages of anybody: what
 * another origin makes it send is refused, unless EXPORT_HTTP_CORS_ORIGINS names that origin; and a
 * server without authentication answers under loopback's names alone, so that no other name can be
 * turned on it (DNS rebinding).
 */
#ifndef SERVER_HTTP_GUARD_H
#define SERVER_HTTP_GUARD_H

#include "http/http.h"
#include "server/exports.h"

/* What the handlers work with; everything outlives it. */
struct http_door {
    struct exports *exports; /* NULL in exportq-worker, whose door has no use cases */
    const struct identity *identity;
    struct str cors_origins; /* EXPORT_HTTP_CORS_ORIGINS, with commas; empty: none */
    bool has_tls;
};

/* Whether a browser may send this as Origin: "https://example.org:8443", without a path; and no *,
 * which stands for no origin here. */
bool http_guard_is_origin(struct str text);

/* ERR_DENIED: a foreign origin or name. Where it is allowed, adds what CORS asks for. */
bool http_guard_check(const struct http_door *door, struct http_call *call,
                      struct err *err) MUST_CHECK;

/* The caller of a call; its texts live as long as the call. ERR_UNAUTHENTICATED. */
bool http_guard_caller(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err) MUST_CHECK;

/* The same where nobody has to show anything: the owner is empty then. */
bool http_guard_anyone(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err) MUST_CHECK;

/* To which trace a call belongs, as base/trace.h reads it; empty: it does not say. */
struct str http_guard_trace_parent(struct http_call *call);

#endif
