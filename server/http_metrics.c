/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_metrics.h.
 */
#include "server/http_metrics.h"

#include "server/http_answer.h"
#include "server/http_enter.h"
#include "server/metrics.h"

static bool enter(const struct http_door *door, struct http_call *call, struct caller *out,
                  struct err *err)
{
    http_answer_secure(call, door->has_tls);
    return http_guard_check(door, call, err) && http_guard_caller(door, call, out, err) &&
           (out->is_admin || identity_is_open(door->exports->identity) ||
            err_set(err, ERR_DENIED, "metrics are for an admin: give Prometheus an admin's key"));
}

void http_metrics(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct err err = {0};
    if (!enter(door, call, &caller, &err)) {
        http_fail(door, call, &caller, (struct str){0}, &err);
        return;
    }
    struct buf text CLEANUP(buf_done);
    buf_init(&text, METRICS_MAX_BYTES);
    metrics_write(door->exports->metrics, &text);
    if (!buf_is_ok(&text)) {
        (void)err_set(&err, ERR_INTERNAL, "the metrics of so many types have no room");
        http_fail(door, call, &caller, (struct str){0}, &err);
        return;
    }
    http_reply(call, 200, METRICS_CONTENT_TYPE, buf_str(&text));
}
