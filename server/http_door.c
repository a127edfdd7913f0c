/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_door.h.
 */
#include "server/http_door.h"

#include "base/log.h"
#include "server/http_answer.h"
#include "server/http_deliveries.h"
#include "server/http_download.h"
#include "server/http_enter.h"
#include "server/http_events.h"
#include "server/http_jobs.h"
#include "server/http_metrics.h"
#include "server/http_page.h"

enum { ASK_AGAIN_MS = 2000 }; /* a stream of events, whether all was quiet for long */

static void get_metrics(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct err err = {0};
    if (!http_metrics(door, door->exports->metrics, call, &caller, &err))
        http_fail(door, call, &caller, (struct str){0}, &err);
}

static const struct http_route routes[] = {
    {"POST", "/api/exports/jobs", http_jobs_create, ""},
    {"GET", "/api/exports/jobs", http_jobs_list,
     "allOwners, pageSize, pageToken, requestId, status, type"},
    {"GET", "/api/exports/jobs/{id}", http_jobs_get, ""},
    {"DELETE", "/api/exports/jobs/{id}", http_jobs_remove, ""},
    {"POST", "/api/exports/jobs/{id}/cancel", http_jobs_cancel, ""},
    {"POST", "/api/exports/jobs/{id}/retry", http_jobs_retry, ""},
    {"POST", "/api/exports/jobs/{id}/token", http_jobs_issue_token, ""},
    {"GET", "/api/exports/jobs/{id}/download", http_download, "token"},
    {"GET", "/api/exports/events", http_events, "allOwners, id"},
    {"GET", "/api/exports/deliveries", http_deliveries_list,
     "allOwners, jobId, pageSize, pageToken, state"},
    {"POST", "/api/exports/deliveries/{id}/resend", http_deliveries_resend, ""},
    {"GET", "/api/exports/types", http_types_list, ""},
    {"GET", "/api/health", http_health_get, ""},
    {"GET", "/api/openapi.json", http_openapi, ""},
    {"GET", "/metrics", get_metrics, NULL},
    {"GET", "/", http_to_page, NULL},
    {"GET", "/exports", http_page, NULL},
    {"GET", "/exports/", http_to_page, NULL},
    {"GET", "/exports/exports.css", http_page_style, NULL},
    {"GET", "/exports/exports.js", http_page_script, NULL},
};

/* What touches files. */
static bool is_slow(const struct http_route *route)
{
    return route->handle == http_download || route->handle == http_jobs_remove;
}

const struct http_route *http_door_routes(size_t *out_count)
{
    *out_count = COUNT_OF(routes);
    return routes;
}

size_t http_door_paths(const char **out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(routes) && count < max; i++) {
        size_t seen = 0;
        while (seen < count && !str_equal(str_of(out[seen]), str_of(routes[i].path)))
            seen++;
        if (seen == count)
            out[count++] = routes[i].path;
    }
    return count;
}

/* What a browser asks before it lets a page of another origin ask. */
static bool is_preflight(struct http_call *call)
{
    return str_equal(str_of(http_method(call)), STR("OPTIONS")) &&
           !str_is_empty(http_field(call, "origin")) &&
           !str_is_empty(http_field(call, "access-control-request-method"));
}

static void refuse(void *data, struct http_call *call, const struct err *why)
{
    const struct http_door *door = data;
    const struct caller nobody = {.is_admin = false};
    struct err err = *why;
    http_answer_secure(call, door->has_tls);
    if (is_preflight(call) && why->code == ERR_UNIMPLEMENTED &&
        http_guard_check(door, call, &err)) {
        http_reply(call, 204, NULL, (struct str){0});
        return;
    }
    if (err.code == ERR_NOT_FOUND)
        (void)err_set(&err, err.code, "%s; /api/openapi.json lists all", why->text);
    if (err.code == ERR_INVALID) /* so that a page of an origin that is named can read it */
        (void)!http_guard_check(door, call, &err);
    if (err.code == ERR_UNIMPLEMENTED) /* contract.md keeps 501 for a queue that is off */
        http_answer_status(call, 405, "METHOD_NOT_ALLOWED", err.text);
    else
        http_fail(door, call, &nobody, (struct str){0}, &err);
}

static void count_call(void *data, struct http_call *call, double seconds)
{
    const struct http_door *door = data;
    metrics_http_request(door->exports->metrics, http_route_path(call), http_method(call),
                         (unsigned)http_status(call), seconds);
}

bool http_door_open(const struct http_door_options *options, struct exports *exports,
                    struct http_doorway *out, struct err *err)
{
    out->door = (struct http_door){.exports = exports,
                                   .identity = exports->identity,
                                   .cors_origins = options->cors_origins,
                                   .has_tls = options->certificate != NULL};
    const struct http_server_options all = {
        .listen = options->listen,
        .routes = routes,
        .route_count = COUNT_OF(routes),
        .data = &out->door,
        .refuse = refuse,
        .is_slow = is_slow,
        .ended = count_call,
        .ask_again_ms = ASK_AGAIN_MS,
        .workers = options->workers,
        .max_connections = options->max_connections,
        .max_body_bytes = options->max_body_bytes,
        .tls = http_certificate_of(options->certificate, &out->certificate),
    };
    return http_server_open(&all, &out->server, err);
}

int http_door_port(const struct http_doorway *doorway)
{
    return doorway->server ? http_server_port(doorway->server) : 0;
}

bool http_door_close(struct http_doorway *doorway, int64_t grace_ms)
{
    if (!doorway->server)
        return true;
    size_t hanging = http_server_stop(doorway->server, grace_ms);
    if (hanging > 0) {
        log_event(LOG_WARNING, "http.hanging", "calls=%zu", hanging);
        return false;
    }
    http_server_free(doorway->server);
    doorway->server = NULL;
    return true;
}
