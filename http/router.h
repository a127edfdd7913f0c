/* SPDX-License-Identifier: Apache-2.0
 *
 * Which route answers a method and a path. Inside http/ only.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/http.h"

enum { ROUTER_MAX_PARTS = 4 };

struct router_match {
    const struct http_route *route; /* NULL: none */
    struct {
        struct str name;
        struct str value; /* a view of the path */
    } parts[ROUTER_MAX_PARTS];
    size_t part_count;
};

struct router {
    const struct http_route *routes;
    size_t count;
};

/* False if no route fits. */
bool router_find(const struct router *router, const char *method, struct str path,
                 struct router_match *out) MUST_CHECK;

/* The methods that there are for a path ("GET, HEAD"), in the arena; empty if there is no such
 * path.
 */
struct str router_allowed(const struct router *router, struct str path, struct arena *arena);

/* Whether a route's path is well formed: begins with '/', and its parts have names. */
bool router_is_legal(const struct http_route *route);

#endif
