/* SPDX-License-Identifier: Apache-2.0
 *
 * The browser's door: who was told of ends by webhooks, and is told once more. As handlers of
 * http/http.h; their data is a struct http_door.
 */
#ifndef SERVER_HTTP_DELIVERIES_H
#define SERVER_HTTP_DELIVERIES_H

#include "server/http_guard.h"

void http_deliveries_list(void *data, struct http_call *call);
void http_deliveries_resend(void *data, struct http_call *call);

#endif
