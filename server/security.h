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

/* ERR_INVALID names the setting and what to do. Fills in where API keys are, and where the
 * browser's door is by default. */
bool security_open(struct settings *settings, struct arena *arena, struct security *out,
                   struct err *err) MUST_CHECK;

/* The same for exportq-worker's door, if it is to have one: it signs nothing, so without keys. */
bool security_open_worker(struct settings *settings, struct arena *arena, struct security *out,
                          struct err *err) MUST_CHECK;

void security_close(struct security *security);

#endif
