/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of POST /api/exports/jobs:
 *
 *     {"type": "trades", "format": "csv",
 *      "params": {"dateFrom": "2025-08-01", "tagIds": ["a", "b"], "limit": 100,
 *                 "selectedColumns": ["id", "symbol"]},
 *      "presentation": {"locale": "de-DE", "timeZone": "Europe/Berlin", "compression": "gzip"},
 *      "webhookUrl": "https://…"}
 *
 * Becomes what CreateJob takes, so that both doors have one set of rules.
 */
#ifndef SERVER_HTTP_CREATE_H
#define SERVER_HTTP_CREATE_H

#include "base/arena.h"
#include "base/err.h"
#include "exportqueue/v1/export.pb-c.h"

/* Texts lie in the arena. ERR_INVALID names the member. */
bool http_create_read(struct str body, struct arena *arena, Exportqueue__V1__CreateJobRequest **out,
                      struct err *err) MUST_CHECK;

#endif
