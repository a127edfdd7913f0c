/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS against the real core, with a certificate made on the spot.
 */
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"
#include "tests/support/certified.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
    struct certified own = certified_new();
    struct probe *probe = probe_new((struct rpc_server_options){
        .tls = {.certificate_pem = own.certificate_pem, .key_pem = own.key_pem}});
    int port = rpc_server_port(probe->server);
    assert_int_equal(echo(probe_client_new_tls(port, own.certificate_pem, NULL, NULL)),
                     GRPC_STATUS_OK);
    assert_int_equal(echo(probe_client_new(port)), GRPC_STATUS_UNAVAILABLE);
    probe_free(probe);
    certified_free(&own);
}

static void clients_show_a_certificate_where_one_is_asked_for(void **state)
{
    (void)state;
    struct certified own = certified_new();
    struct certified stranger = certified_new();
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
    certified_free(&stranger);
    certified_free(&own);
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
static struct told names_told(struct rpc_server_options options, const struct certified *client)
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
    struct certified own = certified_new();
    struct certified client =
        certified_named("URI:spiffe://example.org/alice,DNS:spiffe://example.org/bob,"
                        "email:alice@example.org,DNS:two.example,DNS:three.example,"
                        "IP:127.0.0.1,URI:https://example.org/2");
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
    certified_free(&client);
    certified_free(&own);
}

static void add_name(GENERAL_NAMES *names, int type, const char *bytes, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_true(ASN1_STRING_set(text, bytes, len));
    GENERAL_NAME_set0_value(name, type, text);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void a_name_with_a_nul_in_it_counts_so_that_no_other_passes_for_the_only_one(void **state)
{
    (void)state;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    add_name(names, GEN_URI, "spiffe://good\0.evil", 19);
    add_name(names, GEN_EMAIL, "", 0);
    add_name(names, GEN_EMAIL, "admin@example.org\0", 18);
    add_name(names, GEN_DNS, "\0", 1);
    add_name(names, GEN_URI, "spiffe://plain", 14);
    struct certified own = certified_new();
    struct certified client = certified_new_with(
        &(struct certified_options){.names = X509V3_EXT_i2d(NID_subject_alt_name, false, names)});
    GENERAL_NAMES_free(names);
    struct told told =
        names_told((struct rpc_server_options){.tls = {own.certificate_pem, own.key_pem,
                                                       client.certificate_pem}},
                   &client);
    assert_int_equal(told.counts[RPC_NAME_URI], 2);
    assert_int_equal(told.counts[RPC_NAME_EMAIL], 2);
    assert_int_equal(told.counts[RPC_NAME_DNS], 1);
    certified_free(&client);
    certified_free(&own);
}

static void without_a_verified_certificate_there_are_no_names(void **state)
{
    (void)state;
    struct certified own = certified_new();
    const struct rpc_server_options cases[] = {
        {.workers = 1},                                    /* no TLS */
        {.tls = {own.certificate_pem, own.key_pem, NULL}}, /* it is not asked for */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct told told = names_told(cases[i], &own);
        for (int kind = 0; kind < KINDS; kind++)
            assert_int_equal(told.counts[kind], 0);
    }
    certified_free(&own);
}

static void a_certificate_that_is_optional_is_verified_all_the_same(void **state)
{
    (void)state;
    struct certified own = certified_new();
    struct certified stranger = certified_new();
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
    certified_free(&stranger);
    certified_free(&own);
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

static void change(struct changing *changing, const struct certified *to)
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
    struct certified first = certified_new();
    struct certified second = certified_new();
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
    certified_free(&second);
    certified_free(&first);
}

static void weak_suites_cannot_be_asked_for_by_the_environment(void **state)
{
    (void)state;
    struct certified own = certified_new();
    const struct rpc_server_options options = {.tls = {own.certificate_pem, own.key_pem, NULL}};
    struct rpc_server *server = NULL;
    struct err err = {0};
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread is there yet
    assert_int_equal(setenv("GRPC_SSL_CIPHER_SUITES", "ALL", true), 0);
    assert_false(rpc_server_new(&options, &server, &err));
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    assert_int_equal(unsetenv("GRPC_SSL_CIPHER_SUITES"), 0);
    assert_string_equal(err.field, "GRPC_SSL_CIPHER_SUITES");
    certified_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_over_tls_is_answered),
        cmocka_unit_test(clients_show_a_certificate_where_one_is_asked_for),
        cmocka_unit_test(a_key_that_is_none_is_an_error_at_start),
        cmocka_unit_test(the_names_of_a_certificate_are_told_by_kind),
        cmocka_unit_test(a_name_with_a_nul_in_it_counts_so_that_no_other_passes_for_the_only_one),
        cmocka_unit_test(without_a_verified_certificate_there_are_no_names),
        cmocka_unit_test(a_certificate_that_is_optional_is_verified_all_the_same),
        cmocka_unit_test(a_new_certificate_is_for_new_connections_and_cuts_no_old_one),
        cmocka_unit_test(weak_suites_cannot_be_asked_for_by_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
