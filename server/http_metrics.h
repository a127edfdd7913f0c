/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /metrics of an HTTP door: for anybody where there is no authentication, else for admins.
 */
#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include "server/http_guard.h"
#include "server/metrics.h"

/* Answers with the metrics. False: nothing was answered, `err` says why; `out` is the caller, as
 * far as it is known. */
bool http_metrics(const struct http_door *door, struct metrics *metrics, struct http_call *call,
                  struct caller *out, struct err *err) MUST_CHECK;

#endif
