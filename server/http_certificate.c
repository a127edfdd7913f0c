/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_certificate.h.
 */
#include "server/http_certificate.h"

static const struct http_tls *hold(void *data, uint64_t *out_generation)
{
    struct http_certificate *certificate = data;
    const struct rpc_tls *tls = certificate->source.hold(certificate->source.data, out_generation);
    certificate->shown = (struct http_tls){tls->certificate_pem, tls->key_pem};
    return &certificate->shown;
}

static void release(void *data)
{
    struct http_certificate *certificate = data;
    certificate->source.release(certificate->source.data);
}

struct http_tls_source http_certificate_of(struct certificate *certificate,
                                           struct http_certificate *out)
{
    if (!certificate)
        return (struct http_tls_source){.hold = NULL};
    out->source = certificate_source(certificate);
    return (struct http_tls_source){hold, release, out};
}
