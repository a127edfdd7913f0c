/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/exports/events: a watch as server-sent events (HTML Living Standard, 9.2). Without more
 * all jobs of the caller: the active ones as they are, then each change, without end; with ?id= one
 * job, to its end. An event `job` is a job, an event `gone` the id of one that was deleted at this
 * server; the event's own id says when it was told. A client that comes back with Last-Event-ID is
 * told the jobs that ended since, too.
 */
#ifndef SERVER_HTTP_EVENTS_H
#define SERVER_HTTP_EVENTS_H

#include "http/http.h"

/* Of the shape of http/http.h; `data` is the struct http_door. */
void http_events(void *data, struct http_call *call);

#endif
