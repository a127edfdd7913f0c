/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/exports/jobs/{id}/download?token=…: the file, whole or a range of it (RFC 9110, 14).
 * HEAD, 304 and 416 touch neither lease nor token: they tell what the owner may see, by the token's
 * signature alone.
 */
#ifndef SERVER_HTTP_DOWNLOAD_H
#define SERVER_HTTP_DOWNLOAD_H

#include "http/http.h"

/* Of the shape of http/http.h; `data` is the struct http_door. */
void http_download(void *data, struct http_call *call);

#endif
