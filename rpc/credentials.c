/* SPDX-License-Identifier: Apache-2.0
 *
 * See credentials.h. Of gRPC's modes for client certificates only those whose name ends in
 * AND_VERIFY look at the certificate.
 */
#include "rpc/credentials.h"

bool credentials_check(const struct rpc_server_options *options, struct err *err)
{
    if (!options->tls_certificate_pem != !options->tls_key_pem)
        return err_set_field(err, "tls_key_pem", "TLS needs both a certificate and its key");
    if (options->tls_client_ca_pem && !options->tls_key_pem) {
        return err_set_field(err, "tls_client_ca_pem",
                             "client certificates need TLS: a certificate and its key");
    }
    return true;
}

grpc_server_credentials *credentials_for_server(const struct rpc_server_options *options)
{
    if (!options->tls_key_pem)
        return grpc_insecure_server_credentials_create();
    grpc_ssl_pem_key_cert_pair pair = {options->tls_key_pem, options->tls_certificate_pem};
    grpc_ssl_server_certificate_config *config =
        grpc_ssl_server_certificate_config_create(options->tls_client_ca_pem, &pair, 1);
    grpc_ssl_client_certificate_request_type request =
        options->tls_client_ca_pem ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config(request, config));
}
