/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS against the real core, with a certificate made on the spot.
 */
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct identity {
    char *certificate_pem;
    char *key_pem;
};

static char *take_text(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = mem_new_array((size_t)len + 1, 1);
    memcpy(text, bytes, (size_t)len);
    BIO_free(bio);
    return text;
}

/* A certificate that vouches for itself, for the name "localhost". */
static struct identity identity_new(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION *alternative =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, alternative, -1);
    X509_EXTENSION_free(alternative);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *certificate_out = BIO_new(BIO_s_mem());
    BIO *key_out = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_X509(certificate_out, certificate));
    assert_true(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL));
    X509_free(certificate);
    EVP_PKEY_free(key);
    return (struct identity){take_text(certificate_out), take_text(key_out)};
}

static void identity_free(struct identity *identity)
{
    free(identity->certificate_pem);
    free(identity->key_pem);
}

static grpc_status_code echo(struct probe_client *client)
{
    const struct probe_call_options options = {.timeout_ms = 3000, .fails_fast = true};
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, (struct str){0}, &options);
    grpc_status_code status = probe_call_end(&call);
    probe_call_free(&call);
    probe_client_free(client);
    return status;
}

static void a_call_over_tls_is_answered(void **state)
{
    (void)state;
    struct identity own = identity_new();
    struct probe *probe = probe_new((struct rpc_server_options){
        .tls_certificate_pem = own.certificate_pem, .tls_key_pem = own.key_pem});
    int port = rpc_server_port(probe->server);
    assert_int_equal(echo(probe_client_new_tls(port, own.certificate_pem, NULL, NULL)),
                     GRPC_STATUS_OK);
    assert_int_equal(echo(probe_client_new(port)), GRPC_STATUS_UNAVAILABLE);
    probe_free(probe);
    identity_free(&own);
}

static void clients_show_a_certificate_where_one_is_asked_for(void **state)
{
    (void)state;
    struct identity own = identity_new();
    struct identity stranger = identity_new();
    struct probe *probe =
        probe_new((struct rpc_server_options){.tls_certificate_pem = own.certificate_pem,
                                              .tls_key_pem = own.key_pem,
                                              .tls_client_ca_pem = own.certificate_pem});
    int port = rpc_server_port(probe->server);
    const char *ca = own.certificate_pem;
    assert_int_equal(echo(probe_client_new_tls(port, ca, own.certificate_pem, own.key_pem)),
                     GRPC_STATUS_OK);
    assert_int_equal(
        echo(probe_client_new_tls(port, ca, stranger.certificate_pem, stranger.key_pem)),
        GRPC_STATUS_UNAVAILABLE);
    assert_int_equal(echo(probe_client_new_tls(port, ca, NULL, NULL)), GRPC_STATUS_UNAVAILABLE);
    probe_free(probe);
    identity_free(&stranger);
    identity_free(&own);
}

static void a_key_that_is_none_is_an_error_at_start(void **state)
{
    (void)state;
    const struct rpc_server_options options = {
        .listen = "127.0.0.1:0", .tls_certificate_pem = "x", .tls_key_pem = "y"};
    struct rpc_server *server = NULL;
    struct err err = {0};
    assert_true(rpc_server_new(&options, &server, &err));
    assert_false(rpc_server_start(server, &err));
    assert_non_null(strstr(err.text, "TLS"));
    rpc_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_over_tls_is_answered),
        cmocka_unit_test(clients_show_a_certificate_where_one_is_asked_for),
        cmocka_unit_test(a_key_that_is_none_is_an_error_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
