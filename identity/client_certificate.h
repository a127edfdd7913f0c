/* SPDX-License-Identifier: Apache-2.0
 *
 * From the names of a client certificate to an owner. That the certificate holds, TLS has found out
 * before (EXPORT_TLS_CLIENT_CA).
 */
#ifndef IDENTITY_CLIENT_CERTIFICATE_H
#define IDENTITY_CLIENT_CERTIFICATE_H

#include "base/err.h"
#include "base/str.h"

/* Kinds of subject alternative names (RFC 5280, 4.2.1.6), the first that a certificate has names
 * of wins: a URI is made to identify (SPIFFE), a DNS name less so. */
enum certificate_name_kind {
    CERTIFICATE_URI,
    CERTIFICATE_EMAIL,
    CERTIFICATE_DNS,
    CERTIFICATE_KINDS
};

/* The names of a certificate, by kind; none: there is no certificate. */
struct certificate_names {
    const struct str *names[CERTIFICATE_KINDS];
    size_t counts[CERTIFICATE_KINDS];
};

bool client_certificate_is_there(const struct certificate_names *names);

/* The one name of the first kind. ERR_UNAUTHENTICATED if there are two of it: which of them is the
 * owner, nobody could say; or if it is no legal name. */
bool client_certificate_owner(const struct certificate_names *names, struct str *out,
                              struct err *err) MUST_CHECK;

#endif
