/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps the doors: who calls, how the wire is protected, what signs download tokens, and where
 * a server with all that may listen. Opened by the settings; files among them are read anew when
 * they are replaced, which is logged here.
 */
#ifndef SERVER_SECURITY_H
#define SERVER_SECURITY_H

#include "engine/settings.h"
#include "identity/identity.h"
#include "server/certificate.h"
#include "server/keyring.h"

/* NULL: not open. */
struct security {
    struct identity *identity;
    struct certificate *certificate; /* NULL also for plain text */
    struct keyring *keys;
};

/* ERR_INVALID names the setting and what to do. Fills in where API keys are. What is open stays so
 * on failure. */
bool security_open(struct settings *settings, struct arena *arena, struct security *out,
                   struct err *err) MUST_CHECK;

/* Whether a server with that may listen for gRPC where the settings say. Also of what could not all
 * be opened, for --check: then it goes by what was set. */
bool security_check_listen(const struct settings *settings, const struct security *security,
                           struct err *err) MUST_CHECK;

/* The same for the browser's door; fills in where it is by default. */
bool security_check_http_listen(struct settings *settings, const struct security *security,
                                struct err *err) MUST_CHECK;
/* The same for exportq-worker's door, if it is to have one: it signs nothing, so without keys. */
bool security_open_worker(struct settings *settings, struct arena *arena, struct security *out,
                          struct err *err) MUST_CHECK;

void security_close(struct security *security);

#endif
