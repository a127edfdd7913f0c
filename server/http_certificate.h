/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate as an HTTP door shows it: one for all doors of a program, and each has its own
 * words for it.
 */
#ifndef SERVER_HTTP_CERTIFICATE_H
#define SERVER_HTTP_CERTIFICATE_H

#include "http/http.h"
#include "server/certificate.h"

/* Zeroed: of no certificate. */
struct http_certificate {
    struct rpc_tls_source source;
    struct http_tls shown; /* while it is held */
};

/* `out` has to stay where it is while the door is open. `certificate` NULL: plain text. */
struct http_tls_source http_certificate_of(struct certificate *certificate,
                                           struct http_certificate *out);

#endif
