/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates made on the spot, each of which vouches for itself.
 */
#ifndef TESTS_SUPPORT_CERTIFIED_H
#define TESTS_SUPPORT_CERTIFIED_H

#include "base/defs.h"

#include <openssl/x509.h>

struct certified {
    char *certificate_pem;
    char *key_pem;
};

/* Zero takes the default. */
struct certified_options {
    X509_EXTENSION *names; /* taken; DNS:localhost */
    unsigned rsa_bits;     /* an RSA key; of the curve P-256 */
    long begins_s;         /* from now; a minute ago */
    long ends_s;           /* from now; in an hour */
};

struct certified certified_new_with(const struct certified_options *options);

/* With names as in OpenSSL's configuration: "DNS:localhost,URI:…". */
struct certified certified_named(const char *names);

struct certified certified_new(void);
void certified_free(struct certified *identity);

#endif
