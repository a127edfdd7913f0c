/* SPDX-License-Identifier: Apache-2.0
 *
 * What the browser's door has to show by itself, embedded in the program.
 */
#ifndef SERVER_HTTP_PAGE_H
#define SERVER_HTTP_PAGE_H

#include "http/http.h"

/* Leads to the page, from "/" and "/exports/": by a relative address, for proxies. */
void http_to_page(void *data, struct http_call *call);

/* Handlers of the shape of http/http.h; `data` is the struct http_door. */
void http_openapi(void *data, struct http_call *call);
void http_page(void *data, struct http_call *call);
void http_page_style(void *data, struct http_call *call);
void http_page_script(void *data, struct http_call *call);

#endif
