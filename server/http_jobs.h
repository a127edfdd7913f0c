/* SPDX-License-Identifier: Apache-2.0
 *
 * Handlers of the browser's door, each of the shape of http/http.h; `data` is the struct http_door.
 */
#ifndef SERVER_HTTP_JOBS_H
#define SERVER_HTTP_JOBS_H

#include "http/http.h"

void http_jobs_create(void *data, struct http_call *call);
void http_jobs_list(void *data, struct http_call *call);
void http_jobs_get(void *data, struct http_call *call);
void http_jobs_cancel(void *data, struct http_call *call);
void http_jobs_retry(void *data, struct http_call *call);
void http_jobs_remove(void *data, struct http_call *call);
void http_jobs_issue_token(void *data, struct http_call *call);
void http_types_list(void *data, struct http_call *call);
void http_health_get(void *data, struct http_call *call);

#endif
