/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_metrics.h.
 */
#include "server/http_metrics.h"

#include "server/http_answer.h"

static bool enter(const struct http_door *door, struct http_call *call, struct caller *out,
                  struct err *err)
{
    http_answer_secure(call, door->has_tls);
    return http_guard_check(door, call, err) && http_guard_caller(door, call, out, err) &&
           (out->is_admin || identity_is_open(door->identity) ||
            err_set(err, ERR_DENIED, "metrics are for an admin: give Prometheus an admin's key"));
}

bool http_metrics(const struct http_door *door, struct metrics *metrics, struct http_call *call,
                  struct caller *out, struct err *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, METRICS_MAX_BYTES);
    if (!enter(door, call, out, err))
        return false;
    metrics_write(metrics, &text);
    if (!buf_is_ok(&text))
        return err_set(err, ERR_INTERNAL, "the metrics of so many types have no room");
    http_reply(call, 200, METRICS_CONTENT_TYPE, buf_str(&text));
    return true;
}
