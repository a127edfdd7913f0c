/* SPDX-License-Identifier: Apache-2.0
 *
 * See router.h. A table is walked from its beginning: there are a dozen routes.
 */
#include "http/router.h"

static bool is_part(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static bool fits(const char *pattern, struct str path, struct router_match *out)
{
    struct str wanted = str_of(pattern);
    struct str wanted_segment;
    struct str segment;
    out->part_count = 0;
    while (str_next(&wanted, '/', &wanted_segment)) {
        if (!str_next(&path, '/', &segment))
            return false;
        if (!is_part(wanted_segment)) {
            if (!str_equal(wanted_segment, segment))
                return false;
        } else if (str_is_empty(segment)) {
            return false;
        } else {
            out->parts[out->part_count].name =
                (struct str){wanted_segment.ptr + 1, wanted_segment.len - 2};
            out->parts[out->part_count].value = segment;
            out->part_count++;
        }
    }
    return path.len == 0 && !str_next(&path, '/', &segment);
}

static bool has_method(const struct http_route *route, const char *method)
{
    struct str own = str_of(route->method);
    struct str asked = str_of(method);
    return str_equal(own, asked) || (str_equal(asked, STR("HEAD")) && str_equal(own, STR("GET")));
}

bool router_find(const struct router *router, const char *method, struct str path,
                 struct router_match *out)
{
    *out = (struct router_match){.route = NULL};
    for (size_t i = 0; i < router->count; i++) {
        if (has_method(&router->routes[i], method) && fits(router->routes[i].path, path, out)) {
            out->route = &router->routes[i];
            return true;
        }
    }
    return false;
}

struct str router_allowed(const struct router *router, struct str path, struct arena *arena)
{
    struct str allowed = {0};
    struct router_match ignored;
    for (size_t i = 0; i < router->count; i++) {
        const char *method = router->routes[i].method;
        if (fits(router->routes[i].path, path, &ignored))
            allowed = arena_printf(arena, "%.*s%s%s%s", STR_ARG(allowed), allowed.len ? ", " : "",
                                   method, str_equal(str_of(method), STR("GET")) ? ", HEAD" : "");
    }
    return allowed;
}

bool router_is_legal(const struct http_route *route)
{
    struct str path = str_of(route->path);
    struct str segment;
    size_t parts = 0;
    while (str_next(&path, '/', &segment)) {
        parts += is_part(segment);
        if (!is_part(segment) && segment.len && (segment.ptr[0] == '{' || segment.ptr[0] == '}'))
            return false;
    }
    return route->path[0] == '/' && parts <= ROUTER_MAX_PARTS && route->handle != NULL;
}
