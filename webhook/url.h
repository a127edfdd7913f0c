/* SPDX-License-Identifier: Apache-2.0
 *
 * The URL of a webhook, as the library reads it that will call it.
 */
#ifndef WEBHOOK_URL_H
#define WEBHOOK_URL_H

#include "base/arena.h"
#include "base/err.h"

/* Whether it is one that may be called: https, a host, no user and password; http too, and hosts
 * that are not of the public internet (webhook/guard.h), where `allows_private`. ERR_INVALID in
 * `field` says what is wrong. */
bool webhook_check_url(struct str url, bool allows_private, const char *field,
                       struct err *err) MUST_CHECK;

/* Its host, for logs: path and query may hold a secret. Empty if it is no URL. */
struct str webhook_host(struct str url, struct arena *arena);

#endif
