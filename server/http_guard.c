/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_guard.h. Sec-Fetch-Site and Origin are the browser's own words, which no page can forge;
 * other clients send neither.
 */
#include "server/http_guard.h"

#include "base/host.h"
#include "base/trace.h"

static bool check_host(const struct http_door *door, struct http_call *call, struct err *err)
{
    struct str host = http_field(call, "host");
    bool has_port = host.len && host.ptr[host.len - 1] != ']' && str_find(host, ':') < host.len;
    if (!identity_is_open(door->identity) || host_is_loopback(has_port ? host_of(host) : host))
        return true;
    return err_set(err, ERR_DENIED,
                   "without authentication this server answers to localhost only; a proxy has to "
                   "send Host: localhost");
}

/* "https://example.org:8443" without what is before the host. */
static struct str authority_of(struct str origin)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct str scheme = str_of(schemes[i]);
        if (str_starts_with(origin, scheme))
            return (struct str){origin.ptr + scheme.len, origin.len - scheme.len};
    }
    return (struct str){0};
}

bool http_guard_is_origin(struct str text)
{
    struct str authority = authority_of(text);
    return authority.len > 0 && str_find(authority, '/') == authority.len &&
           str_find(authority, '*') == authority.len && str_find(authority, ' ') == authority.len;
}

static bool is_named(struct str origins, struct str origin)
{
    struct str each;
    while (str_next(&origins, ',', &each))
        if (str_equal(str_trim(each), origin))
            return true;
    return false;
}

static void allow_origin(struct http_call *call, struct str origin)
{
    http_add_field(call, "Access-Control-Allow-Origin", origin);
    http_add_field(call, "Vary", STR("Origin"));
    http_add_field(call, "Access-Control-Allow-Methods", STR("GET, HEAD, POST, DELETE"));
    http_add_field(call, "Access-Control-Allow-Headers",
                   STR("Authorization, Content-Type, Last-Event-ID, Range, X-Exportq-User, "
                       "X-Request-Id, Traceparent, Tracestate"));
    http_add_field(call, "Access-Control-Expose-Headers",
                   STR("Content-Disposition, Content-Range, ETag, Retry-After"));
    http_add_field(call, "Access-Control-Max-Age", STR("600"));
}

static bool check_origin(const struct http_door *door, struct http_call *call, struct err *err)
{
    struct str origin = http_field(call, "origin");
    struct str site = http_field(call, "sec-fetch-site");
    bool reads = str_equal(str_of(http_method(call)), STR("GET")) ||
                 str_equal(str_of(http_method(call)), STR("HEAD"));
    if (str_is_empty(origin))
        return reads || !str_equal(site, STR("cross-site")) ||
               err_set(err, ERR_DENIED, "a page of another site may not ask for this");
    if (str_equal(authority_of(origin), http_field(call, "host")))
        return true;
    if (!is_named(door->cors_origins, origin))
        return err_set(err, ERR_DENIED,
                       "pages of another origin may not use this server; name theirs in "
                       "EXPORT_HTTP_CORS_ORIGINS if they are to");
    allow_origin(call, origin);
    return true;
}

bool http_guard_check(const struct http_door *door, struct http_call *call, struct err *err)
{
    return check_host(door, call, err) && check_origin(door, call, err);
}

static struct credentials credentials_of(struct http_call *call)
{
    return (struct credentials){
        .user = http_field(call, "x-exportq-user"),
        .user_count = http_field_count(call, "x-exportq-user"),
        .authorization = http_field(call, "authorization"),
        .authorization_count = http_field_count(call, "authorization"),
        .address = http_peer(call),
    };
}

struct str http_guard_trace_parent(struct http_call *call)
{
    return trace_parent_of(http_field(call, TRACE_HEADER), http_field_count(call, TRACE_HEADER),
                           http_arena(call));
}

bool http_guard_caller(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err)
{
    const struct credentials credentials = credentials_of(call);
    if (!identity_of(door->identity, &credentials, http_arena(call), out, err))
        return false;
    out->trace_parent = http_guard_trace_parent(call);
    if (!str_is_empty(out->trace_parent))
        out->trace_state =
            trace_state_of(http_field(call, TRACE_STATE_HEADER),
                           http_field_count(call, TRACE_STATE_HEADER), http_arena(call));
    return true;
}

bool http_guard_anyone(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err)
{
    const struct credentials credentials = credentials_of(call);
    return identity_of_anyone(door->identity, &credentials, http_arena(call), out, err);
}
