/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS of the HTTP server, by GnuTLS, as libmicrohttpd in Debian has it. What is shown may change
 * while the server runs. libmicrohttpd hands the callback nothing of ours, so the state is the
 * process's. Inside http/ only.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "http/http.h"

#include <gnutls/abstract.h>

/* TLS 1.3 and 1.2, suites with forward secrecy and authenticated encryption (RFC 9325). */
#define TLS_PRIORITIES                                                                            \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+ECDHE-ECDSA:"   \
    "+ECDHE-RSA:+AEAD:+SIGN-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:+GROUP-ALL:+COMP-" \
    "NULL:"                                                                                       \
    "+CTYPE-X509:%SERVER_PRECEDENCE"

/* Reads what the source has, once, so that what is wrong is told at the start. Until tls_close the
 * callback gives out what the source has then. ERR_INVALID; ERR_BUSY if another server has it. */
bool tls_open(const struct http_tls_source *source, struct err *err) MUST_CHECK;

/* After the last connection is gone. */
void tls_close(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                 gnutls_pcert_st **out_chain, unsigned *out_length, gnutls_privkey_t *out_key);

#endif
