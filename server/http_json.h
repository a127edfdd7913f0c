/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs, types and health as the journal's JSON. All results are new references.
 */
#ifndef SERVER_HTTP_JSON_H
#define SERVER_HTTP_JSON_H

#include "server/exports.h"

#include <jansson.h>

/* A job; its download token is null: tokens are given out by …/token alone. */
json_t *http_json_job(const struct exports *exports, const struct job *job);

json_t *http_json_type(const struct export_type *type);

json_t *http_json_health(const struct exports_health *health, const struct exports *exports);

#endif
