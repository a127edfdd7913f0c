/* SPDX-License-Identifier: Apache-2.0
 *
 * What this server shows and trusts under TLS, from PEM files that are read anew when they are
 * replaced: at a new connection, looked at once a second at most. A pair is taken only if it works,
 * so while one of its files is damaged, or only one is replaced, the former pair serves on, and the
 * log says why (tls.reload_failed). Connections that are open keep what they began with.
 */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include "rpc/rpc.h"

struct certificate;

struct certificate_files {
    const char *certificate; /* then those between it and its authority */
    const char *key;         /* without a passphrase */
    const char *client_ca;   /* NULL: clients are not asked for a certificate */
};

/* ERR_INVALID: a file that cannot be read, is no PEM, or holds what TLS does not take: a key of
 * another certificate, RSA under 2048 bits. A certificate that has expired is taken, and the log
 * says so when it is first used: clients refuse it, and tell why. */
bool certificate_open(const struct certificate_files *files, struct certificate **out,
                      struct err *err) MUST_CHECK;

/* For a door, any number of them; valid until certificate_close. */
struct rpc_tls_source certificate_source(struct certificate *certificate);

/* Whether it is of today; else ERR_INVALID says since when or from when on. */
bool certificate_check_dates(struct certificate *certificate, struct err *err) MUST_CHECK;

/* No door uses it any more. NULL is fine. */
void certificate_close(struct certificate *certificate);

#endif
