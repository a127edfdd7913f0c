/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a program may listen, by how it asks who calls: the same for each door.
 */
#ifndef SERVER_AUTH_DOOR_H
#define SERVER_AUTH_DOOR_H

#include "base/err.h"
#include "base/str.h"

/* What an address has to go with. */
struct auth_door {
    const char *setting; /* that says the address */
    const char *example_port;
    struct str address; /* "host:port" */
    bool is_open;       /* without authentication */
    bool is_for_mtls;   /* callers may show certificates at this door */
    bool has_mtls;
    bool has_tls;
    bool has_client_ca;
    bool allows_plaintext; /* EXPORT_ALLOW_PLAINTEXT: a proxy in front ends TLS */
};

/* Whether a server may listen so: without authentication on loopback alone; elsewhere with TLS.
 * Otherwise ERR_INVALID says how to go on. */
bool auth_check_door(const struct auth_door *door, struct err *err) MUST_CHECK;

#endif
