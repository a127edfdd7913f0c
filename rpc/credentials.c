/* SPDX-License-Identifier: Apache-2.0
 *
 * See credentials.h. Of gRPC's modes for client certificates only those whose name ends in
 * AND_VERIFY look at the certificate.
 */
#include "rpc/credentials.h"

#include <stdlib.h>

/* gRPC 1.51's own suites are those of TLS 1.3, and of TLS 1.2 those that are as good. */
static const char suites_variable[] = "GRPC_SSL_CIPHER_SUITES";

bool credentials_check(const struct rpc_server_options *options, struct err *err)
{
    const struct rpc_tls *tls = &options->tls;
    if (credentials_are_tls(options) &&
        getenv(suites_variable)) { // NOLINT(concurrency-mt-unsafe): nobody changes it
        return err_set_field(err, suites_variable,
                             "%s is set in the environment and could open TLS to weak suites; "
                             "unset it",
                             suites_variable);
    }
    if (!tls->certificate_pem != !tls->key_pem)
        return err_set_field(err, "tls.key_pem", "TLS needs both a certificate and its key");
    if (tls->client_ca_pem && !tls->key_pem) {
        return err_set_field(err, "tls.client_ca_pem",
                             "client certificates need TLS: a certificate and its key");
    }
    return true;
}

bool credentials_are_tls(const struct rpc_server_options *options)
{
    return options->tls.key_pem || options->tls_source.hold;
}

/* gRPC copies the texts. Its core 1.51 stops the process when a later config has no authority, also
 * where no client is asked for a certificate and it does not matter which. */
static grpc_ssl_server_certificate_config *config_of(const struct rpc_tls *tls)
{
    grpc_ssl_pem_key_cert_pair pair = {tls->key_pem, tls->certificate_pem};
    const char *authority = tls->client_ca_pem ? tls->client_ca_pem : tls->certificate_pem;
    return grpc_ssl_server_certificate_config_create(authority, &pair, 1);
}

static grpc_ssl_client_certificate_request_type request_of(const struct rpc_server_options *options,
                                                           const struct rpc_tls *tls)
{
    if (!tls->client_ca_pem)
        return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return options->has_optional_client_certificate
               ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
               : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

static grpc_ssl_certificate_config_reload_status
feed_config(void *data, grpc_ssl_server_certificate_config **out)
{
    struct credentials_feed *feed = data;
    uint64_t generation = 0;
    const struct rpc_tls *tls = feed->source.hold(feed->source.data, &generation);
    bool is_new = !feed->has_given || feed->given != generation;
    if (is_new)
        *out = config_of(tls);
    feed->source.release(feed->source.data);
    feed->has_given = true;
    feed->given = generation;
    return is_new ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW
                  : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
}

static grpc_ssl_server_credentials_options *
options_of_source(const struct rpc_server_options *options, struct credentials_feed *feed)
{
    feed->source = options->tls_source;
    const struct rpc_tls *tls = feed->source.hold(feed->source.data, NULL);
    grpc_ssl_client_certificate_request_type request = request_of(options, tls);
    feed->source.release(feed->source.data);
    return grpc_ssl_server_credentials_create_options_using_config_fetcher(request, feed_config,
                                                                           feed);
}

grpc_server_credentials *credentials_for_server(const struct rpc_server_options *options,
                                                struct credentials_feed *feed)
{
    if (!credentials_are_tls(options))
        return grpc_insecure_server_credentials_create();
    return grpc_ssl_server_credentials_create_with_options(
        options->tls_source.hold
            ? options_of_source(options, feed)
            : grpc_ssl_server_credentials_create_options_using_config(
                  request_of(options, &options->tls), config_of(&options->tls)));
}
