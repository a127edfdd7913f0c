/* SPDX-License-Identifier: Apache-2.0
 *
 * The browser's door: HTTP beside gRPC, with the same use cases behind it. The table of routes is
 * in http_door.c.
 */
#ifndef SERVER_HTTP_DOOR_H
#define SERVER_HTTP_DOOR_H

#include "http/http.h"
#include "server/http_certificate.h"
#include "server/http_guard.h"

struct http_door_options {
    const char *listen; /* "host:port" */
    struct str cors_origins;
    unsigned workers; /* threads that run handlers, and as many for those of files */
    unsigned max_connections;
    size_t max_body_bytes;
    struct certificate *certificate; /* NULL: plain text */
};

/* Zeroed: not open. */
struct http_doorway {
    struct http_door door;
    struct http_server *server; /* NULL: not open */
    struct http_certificate certificate;
};

/* All routes: for the test that holds the OpenAPI document to them. */
const struct http_route *http_door_routes(size_t *out_count);

/* Their paths, each once; at most `max`. Returns how many. */
size_t http_door_paths(const char **out, size_t max);

/* Opens and serves. `out` and everything in it has to stay where it is. */
bool http_door_open(const struct http_door_options *options, struct exports *exports,
                    struct http_doorway *out, struct err *err) MUST_CHECK;

/* 0: not open. */
int http_door_port(const struct http_doorway *doorway);

/* Refuses who comes, ends what streams, waits for the rest at most so long, closes. Also if it is
 * not open. False, and in the log: calls hang, and go on using all that the door was given. */
bool http_door_close(struct http_doorway *doorway, int64_t grace_ms) MUST_CHECK;

#endif
