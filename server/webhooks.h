/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells others that jobs ended: takes deliveries from the store's outbox, sends them signed
 * (webhook/), and hands in what came of each, in a thread of its own. Any number of servers share
 * an outbox. Off without EXPORT_WEBHOOK_SECRET.
 */
#ifndef SERVER_WEBHOOKS_H
#define SERVER_WEBHOOKS_H

#include "engine/settings.h"
#include "queue/store.h"
#include "server/metrics.h"

struct webhooks;

/* Reads the settings; ERR_INVALID names the one that will not do. */
bool webhooks_new(const struct settings *settings, struct webhooks **out,
                  struct err *err) MUST_CHECK;

/* Says whom to tell, and begins. Store and metrics (NULL: nobody counts) outlive webhooks_stop. */
bool webhooks_start(struct webhooks *webhooks, struct store *store, struct metrics *metrics,
                    struct err *err) MUST_CHECK;

/* Tells what is due by now, within `grace_ms`; what is still under way then goes back. Ends the
 * thread, if there is one. */
void webhooks_stop(struct webhooks *webhooks, int64_t grace_ms);

/* Not while it runs. NULL is fine. */
void webhooks_free(struct webhooks *webhooks);

/* ERR_NOT_READY: this server sends none. `webhooks` may be NULL: it does not. */
bool webhooks_require_on(const struct webhooks *webhooks, struct err *err) MUST_CHECK;

/* Whether a job may name this URL: ERR_INVALID in "webhook_url". `webhooks` may be NULL: off. */
bool webhooks_check_url(const struct webhooks *webhooks, struct str url,
                        struct err *err) MUST_CHECK;

#endif
