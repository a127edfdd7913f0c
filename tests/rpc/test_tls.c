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

static X509_EXTENSION *names_of(const char *names)
{
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    assert_non_null(made);
    return made;
}

/* A certificate that vouches for itself. Takes the names. */
static struct identity identity_with(X509_EXTENSION *names)
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
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *certificate_out = BIO_new(BIO_s_mem());
    BIO *key_out = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_X509(certificate_out, certificate));
    assert_true(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL));
    X509_free(certificate);
    EVP_PKEY_free(key);
    return (struct identity){take_text(certificate_out), take_text(key_out)};
}

static struct identity identity_new(void)
{
    return identity_with(names_of("DNS:localhost"));
}

static void identity_free(struct identity *identity)
{
    free(identity->certificate_pem);
    free(identity->key_pem);
}

static grpc_status_code echo_over(struct probe_client *client)
{
    const struct probe_call_options options = {.timeout_ms = 3000, .fails_fast = true};
    struct probe_call call;
    probe_call_begin(client, &call, PROBE_ECHO, (struct str){0}, &options);
    grpc_status_code status = probe_call_end(&call);
    probe_call_free(&call);
    return status;
}

/* Takes the client. */
static grpc_status_code echo(struct probe_client *client)
{
    grpc_status_code status = echo_over(client);
    probe_client_free(client);
    return status;
}

static void a_call_over_tls_is_answered(void **state)
{
    (void)state;
    struct identity own = identity_new();
    struct probe *probe = probe_new((struct rpc_server_options){
        .tls = {.certificate_pem = own.certificate_pem, .key_pem = own.key_pem}});
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
        probe_new((struct rpc_server_options){.tls = {.certificate_pem = own.certificate_pem,
                                                      .key_pem = own.key_pem,
                                                      .client_ca_pem = own.certificate_pem}});
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
    const struct rpc_server_options options = {.listen = "127.0.0.1:0",
                                               .tls = {.certificate_pem = "x", .key_pem = "y"}};
    struct rpc_server *server = NULL;
    struct err err = {0};
    assert_true(rpc_server_new(&options, &server, &err));
    assert_false(rpc_server_start(server, &err));
    assert_non_null(strstr(err.text, "TLS"));
    rpc_server_free(server);
}

/* --- the names in a certificate ----------------------------------------------------------------
 */

enum { KINDS = 3, MAX_NAMES = 2 };

/* What a call was told. */
struct told {
    size_t counts[KINDS];
    char names[KINDS][MAX_NAMES][64];
};

static void look_for_names(struct probe *probe, struct rpc_call *call)
{
    struct told *told = probe->look_data;
    struct str names[MAX_NAMES];
    for (int kind = 0; kind < KINDS; kind++) {
        size_t count = rpc_call_certificate_names(call, (enum rpc_name_kind)kind, names, MAX_NAMES);
        told->counts[kind] = count;
        for (size_t i = 0; i < count && i < MAX_NAMES; i++)
            (void)snprintf(told->names[kind][i], sizeof told->names[kind][i], "%.*s",
                           STR_ARG(names[i]));
    }
}

/* What the server is told of a client that shows a certificate (may be NULL) and is answered. */
static struct told names_told(struct rpc_server_options options, const struct identity *client)
{
    struct told told = {.counts = {0}};
    struct probe *probe = probe_new(options);
    int port = rpc_server_port(probe->server);
    probe->look = look_for_names;
    probe->look_data = &told;
    const char *ca = options.tls.certificate_pem;
    assert_int_equal(
        echo(!ca ? probe_client_new(port)
                 : probe_client_new_tls(port, ca, client ? client->certificate_pem : NULL,
                                        client ? client->key_pem : NULL)),
        GRPC_STATUS_OK);
    probe_free(probe);
    return told;
}

static void the_names_of_a_certificate_are_told_by_kind(void **state)
{
    (void)state;
    struct identity own = identity_new();
    struct identity client =
        identity_with(names_of("URI:spiffe://example.org/alice,DNS:spiffe://example.org/bob,"
                               "email:alice@example.org,DNS:two.example,DNS:three.example,"
                               "IP:127.0.0.1,URI:https://example.org/2"));
    struct told told =
        names_told((struct rpc_server_options){.tls = {own.certificate_pem, own.key_pem,
                                                       client.certificate_pem}},
                   &client);
    assert_int_equal(told.counts[RPC_NAME_URI], 2);
    assert_string_equal(told.names[RPC_NAME_URI][0], "spiffe://example.org/alice");
    assert_string_equal(told.names[RPC_NAME_URI][1], "https://example.org/2");
    assert_int_equal(told.counts[RPC_NAME_EMAIL], 1);
    assert_string_equal(told.names[RPC_NAME_EMAIL][0], "alice@example.org");
    assert_int_equal(told.counts[RPC_NAME_DNS], 3); /* one more than there is room for */
    assert_string_equal(told.names[RPC_NAME_DNS][0], "spiffe://example.org/bob");
    assert_string_equal(told.names[RPC_NAME_DNS][1], "two.example");
    identity_free(&client);
    identity_free(&own);
}

static void add_name(GENERAL_NAMES *names, int type, const char *bytes, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_true(ASN1_STRING_set(text, bytes, len));
    GENERAL_NAME_set0_value(name, type, text);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void a_name_with_a_nul_in_it_is_not_told(void **state)
{
    (void)state;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    add_name(names, GEN_URI, "spiffe://good\0.evil", 19);
    add_name(names, GEN_EMAIL, "", 0);
    add_name(names, GEN_EMAIL, "admin@example.org\0", 18);
    add_name(names, GEN_DNS, "\0", 1);
    add_name(names, GEN_URI, "spiffe://plain", 14);
    struct identity own = identity_new();
    struct identity client = identity_with(X509V3_EXT_i2d(NID_subject_alt_name, false, names));
    GENERAL_NAMES_free(names);
    struct told told =
        names_told((struct rpc_server_options){.tls = {own.certificate_pem, own.key_pem,
                                                       client.certificate_pem}},
                   &client);
    assert_int_equal(told.counts[RPC_NAME_URI], 1);
    assert_string_equal(told.names[RPC_NAME_URI][0], "spiffe://plain");
    assert_int_equal(told.counts[RPC_NAME_EMAIL], 0);
    assert_int_equal(told.counts[RPC_NAME_DNS], 0);
    identity_free(&client);
    identity_free(&own);
}

static void without_a_verified_certificate_there_are_no_names(void **state)
{
    (void)state;
    struct identity own = identity_new();
    const struct rpc_server_options cases[] = {
        {.workers = 1},                                    /* no TLS */
        {.tls = {own.certificate_pem, own.key_pem, NULL}}, /* it is not asked for */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct told told = names_told(cases[i], &own);
        for (int kind = 0; kind < KINDS; kind++)
            assert_int_equal(told.counts[kind], 0);
    }
    identity_free(&own);
}

static void a_certificate_that_is_optional_is_verified_all_the_same(void **state)
{
    (void)state;
    struct identity own = identity_new();
    struct identity stranger = identity_new();
    const struct rpc_server_options options = {
        .tls = {own.certificate_pem, own.key_pem, own.certificate_pem},
        .has_optional_client_certificate = true,
    };
    assert_int_equal(names_told(options, &own).counts[RPC_NAME_DNS], 1);
    assert_int_equal(names_told(options, NULL).counts[RPC_NAME_DNS], 0);
    struct probe *probe = probe_new(options);
    assert_int_equal(echo(probe_client_new_tls(rpc_server_port(probe->server), own.certificate_pem,
                                               stranger.certificate_pem, stranger.key_pem)),
                     GRPC_STATUS_UNAVAILABLE);
    probe_free(probe);
    identity_free(&stranger);
    identity_free(&own);
}

/* --- texts that change -------------------------------------------------------------------------
 */

struct changing {
    pthread_mutex_t mutex;
    struct rpc_tls now;
    uint64_t generation;
    unsigned asked;
};

static const struct rpc_tls *hold_changing(void *data, uint64_t *out_generation)
{
    struct changing *changing = data;
    pthread_mutex_lock(&changing->mutex);
    changing->asked++;
    if (out_generation)
        *out_generation = changing->generation;
    return &changing->now;
}

static void release_changing(void *data)
{
    struct changing *changing = data;
    pthread_mutex_unlock(&changing->mutex);
}

static void change(struct changing *changing, const struct identity *to)
{
    pthread_mutex_lock(&changing->mutex);
    changing->now.certificate_pem = to->certificate_pem;
    changing->now.key_pem = to->key_pem;
    changing->generation++;
    pthread_mutex_unlock(&changing->mutex);
}

static void a_new_certificate_is_for_new_connections_and_cuts_no_old_one(void **state)
{
    (void)state;
    struct identity first = identity_new();
    struct identity second = identity_new();
    struct changing changing = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    change(&changing, &first);
    struct probe *probe = probe_new(
        (struct rpc_server_options){.tls_source = {hold_changing, release_changing, &changing}});
    int port = rpc_server_port(probe->server);
    struct probe_client *early = probe_client_new_tls(port, first.certificate_pem, NULL, NULL);
    assert_int_equal(echo_over(early), GRPC_STATUS_OK);
    change(&changing, &second);
    assert_int_equal(echo(probe_client_new_tls(port, second.certificate_pem, NULL, NULL)),
                     GRPC_STATUS_OK);
    assert_int_equal(echo(probe_client_new_tls(port, first.certificate_pem, NULL, NULL)),
                     GRPC_STATUS_UNAVAILABLE);
    assert_int_equal(echo(early), GRPC_STATUS_OK);
    probe_free(probe);
    identity_free(&second);
    identity_free(&first);
}

static void weak_suites_cannot_be_asked_for_by_the_environment(void **state)
{
    (void)state;
    struct identity own = identity_new();
    const struct rpc_server_options options = {.tls = {own.certificate_pem, own.key_pem, NULL}};
    struct rpc_server *server = NULL;
    struct err err = {0};
    assert_int_equal(setenv("GRPC_SSL_CIPHER_SUITES", "ALL", true), 0);
    assert_false(rpc_server_new(&options, &server, &err));
    assert_int_equal(unsetenv("GRPC_SSL_CIPHER_SUITES"), 0);
    assert_string_equal(err.field, "GRPC_SSL_CIPHER_SUITES");
    identity_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_over_tls_is_answered),
        cmocka_unit_test(clients_show_a_certificate_where_one_is_asked_for),
        cmocka_unit_test(a_key_that_is_none_is_an_error_at_start),
        cmocka_unit_test(the_names_of_a_certificate_are_told_by_kind),
        cmocka_unit_test(a_name_with_a_nul_in_it_is_not_told),
        cmocka_unit_test(without_a_verified_certificate_there_are_no_names),
        cmocka_unit_test(a_certificate_that_is_optional_is_verified_all_the_same),
        cmocka_unit_test(a_new_certificate_is_for_new_connections_and_cuts_no_old_one),
        cmocka_unit_test(weak_suites_cannot_be_asked_for_by_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
