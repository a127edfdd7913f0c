/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /metrics: for anybody where there is no authentication, else for admins.
 */
#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include "http/http.h"

/* Of the shape of http/http.h; `data` is the struct http_door. */
void http_metrics(void *data, struct http_call *call);

#endif
