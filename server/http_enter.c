/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_enter.h.
 */
#include "server/http_enter.h"

#include "server/failure.h"
#include "server/http_answer.h"

static bool begin(const struct http_door *door, struct http_call *call, struct err *err)
{
    http_answer_secure(call, door->has_tls);
    return http_guard_check(door, call, err) && exports_require_enabled(door->exports, err);
}

bool http_enter(const struct http_door *door, struct http_call *call, struct caller *out,
                struct err *err)
{
    return begin(door, call, err) && http_guard_caller(door, call, out, err);
}

bool http_enter_anyone(const struct http_door *door, struct http_call *call, struct caller *out,
                       struct err *err)
{
    return begin(door, call, err) && http_guard_anyone(door, call, out, err);
}

bool http_asks_for_all_owners(struct http_call *call)
{
    struct str text = {0};
    return http_query(call, "allOwners", &text) &&
           (str_equal(text, STR("true")) || str_equal(text, STR("1")));
}

void http_fail(const struct http_door *door, struct http_call *call, const struct caller *caller,
               struct str job, const struct err *err)
{
    const char *route = http_route_path(call);
    const struct failure_call facts = {
        .method = arena_printf(http_arena(call), "%s %s", http_method(call), route ? route : "-"),
        .request_id = http_field(call, "x-request-id"),
        .owner = caller->owner,
        .address = http_peer(call),
        .trace_parent = http_guard_trace_parent(call),
        .job = job,
    };
    failure_tell(door->exports, &facts, err);
    http_answer_error(call, err);
}
