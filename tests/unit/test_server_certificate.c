/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates in files: which are taken, and what happens when they are replaced.
 */
#include "server/certificate.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/support/certified.h"
#include "tests/support/replaced.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, PATH_SIZE = 64 };

static char directory[] = "/tmp/test-certificate-XXXXXX";
static char certificate_path[PATH_SIZE];
static char key_path[PATH_SIZE];
static char ca_path[PATH_SIZE];
static struct certified own;
static struct certified other;

static int begin(void **state)
{
    (void)state;
    log_set_level(LOG_OFF);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(certificate_path, PATH_SIZE, "%s/certificate.pem", directory);
    (void)snprintf(key_path, PATH_SIZE, "%s/key.pem", directory);
    (void)snprintf(ca_path, PATH_SIZE, "%s/ca.pem", directory);
    own = certified_new();
    other = certified_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    certified_free(&own);
    certified_free(&other);
    (void)unlink(certificate_path);
    (void)unlink(key_path);
    (void)unlink(ca_path);
    return rmdir(directory);
}

static bool open_files(const char *certificate, const char *key, const char *ca,
                       struct certificate **out, struct err *err)
{
    replace_file_by_text(certificate_path, certificate);
    replace_file_by_text(key_path, key);
    if (ca)
        replace_file_by_text(ca_path, ca);
    return certificate_open(
        &(struct certificate_files){certificate_path, key_path, ca ? ca_path : NULL}, out, err);
}

/* What a door is given now. */
static bool shows(struct certificate *certificate, const struct certified *identity)
{
    struct rpc_tls_source source = certificate_source(certificate);
    const struct rpc_tls *tls = source.hold(source.data, NULL);
    bool is_same = strcmp(tls->certificate_pem, identity->certificate_pem) == 0 &&
                   strcmp(tls->key_pem, identity->key_pem) == 0;
    source.release(source.data);
    return is_same;
}

static uint64_t generation(struct certificate *certificate)
{
    struct rpc_tls_source source = certificate_source(certificate);
    uint64_t generation = 0;
    (void)source.hold(source.data, &generation);
    source.release(source.data);
    return generation;
}

static void breathe(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    (void)nanosleep(&pause, NULL);
}

static void a_certificate_with_its_key_is_taken(void **state)
{
    (void)state;
    struct certificate *certificate = NULL;
    struct err err = {0};
    assert_true(open_files(own.certificate_pem, own.key_pem, NULL, &certificate, &err));
    assert_true(shows(certificate, &own));
    assert_true(certificate_check_dates(certificate, &err));
    certificate_close(certificate);
    assert_true(
        open_files(own.certificate_pem, own.key_pem, other.certificate_pem, &certificate, &err));
    struct rpc_tls_source source = certificate_source(certificate);
    const struct rpc_tls *tls = source.hold(source.data, NULL);
    assert_string_equal(tls->client_ca_pem, other.certificate_pem);
    source.release(source.data);
    certificate_close(certificate);
}

static void one_that_has_expired_is_taken_and_told_of(void **state)
{
    (void)state;
    struct certified old = certified_new_with(
        &(struct certified_options){.rsa_bits = 2048, .begins_s = -7200, .ends_s = -3600});
    struct certificate *certificate = NULL;
    struct err err = {0};
    assert_true(open_files(old.certificate_pem, old.key_pem, NULL, &certificate, &err));
    assert_true(shows(certificate, &old));
    assert_false(certificate_check_dates(certificate, &err));
    assert_non_null(strstr(err.text, "EXPORT_TLS_CERTIFICATE has expired at 2"));
    certificate_close(certificate);
    certified_free(&old);
}

static char *joined(const char *first, const char *second, size_t second_len)
{
    char *text = NULL;
    assert_true(asprintf(&text, "%s%.*s", first, (int)second_len, second) > 0);
    return text;
}

/* The key under a passphrase, which nobody is asked for. */
static char *locked(const char *key_pem)
{
    BIO *in = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO *out = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(),
                                         (const unsigned char *)"secret", 6, NULL, NULL));
    char *bytes = NULL;
    long len = BIO_get_mem_data(out, &bytes);
    char *text = joined("", bytes, (size_t)len);
    BIO_free(in);
    BIO_free(out);
    EVP_PKEY_free(key);
    return text;
}

static void what_tls_does_not_take_is_refused_and_named(void **state)
{
    (void)state;
    struct certified weak = certified_new_with(&(struct certified_options){.rsa_bits = 1024});
    struct certified of_other_kind =
        certified_new_with(&(struct certified_options){.rsa_bits = 2048});
    size_t half = strlen(other.certificate_pem) / 2;
    char *cut_chain = joined(own.certificate_pem, other.certificate_pem, half);
    char *weak_chain =
        joined(own.certificate_pem, weak.certificate_pem, strlen(weak.certificate_pem));
    char *locked_key = locked(own.key_pem);
    const char *good = own.certificate_pem;
    const struct {
        const char *certificate;
        const char *key;
        const char *ca;
        const char *setting;
    } cases[] = {
        {"", own.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {"nothing of the kind\n", own.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {own.key_pem, own.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {weak.certificate_pem, weak.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {cut_chain, own.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {weak_chain, own.key_pem, NULL, "EXPORT_TLS_CERTIFICATE"},
        {good, "", NULL, "EXPORT_TLS_KEY"},
        {good, good, NULL, "EXPORT_TLS_KEY"},
        {good, other.key_pem, NULL, "EXPORT_TLS_KEY"},
        {good, of_other_kind.key_pem, NULL, "EXPORT_TLS_KEY"},
        {of_other_kind.certificate_pem, own.key_pem, NULL, "EXPORT_TLS_KEY"},
        {good, locked_key, NULL, "EXPORT_TLS_KEY"},
        {good, own.key_pem, "", "EXPORT_TLS_CLIENT_CA"},
        {good, own.key_pem, cut_chain, "EXPORT_TLS_CLIENT_CA"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct certificate *certificate = NULL;
        struct err err = {0};
        assert_false(
            open_files(cases[i].certificate, cases[i].key, cases[i].ca, &certificate, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, cases[i].setting);
        assert_null(strstr(err.text, "BEGIN"));
    }
    free(locked_key);
    free(weak_chain);
    free(cut_chain);
    certified_free(&of_other_kind);
    certified_free(&weak);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    struct certificate *certificate = NULL;
    struct err err = {0};
    replace_file_by_text(certificate_path, own.certificate_pem);
    replace_file(key_path, "-----BEGIN\0", 11);
    assert_false(certificate_open(&(struct certificate_files){certificate_path, key_path, NULL},
                                  &certificate, &err));
    (void)unlink(key_path);
    assert_false(certificate_open(&(struct certificate_files){certificate_path, key_path, NULL},
                                  &certificate, &err));
}

/* Each half of a pair that is replaced is a pair that does not work, for a while. */
static void a_pair_is_replaced_when_it_is_whole(void **state)
{
    (void)state;
    struct certificate *certificate = NULL;
    struct err err = {0};
    assert_true(open_files(own.certificate_pem, own.key_pem, NULL, &certificate, &err));
    int64_t until_ms = clock_monotonic_ms() + 2500; /* longer than it takes to look again */
    replace_file_by_text(certificate_path, other.certificate_pem);
    while (clock_monotonic_ms() < until_ms) {
        assert_true(shows(certificate, &own));
        breathe();
    }
    uint64_t before = generation(certificate);
    replace_file_by_text(key_path, other.key_pem);
    until_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!shows(certificate, &other)) {
        assert_true(clock_monotonic_ms() < until_ms);
        breathe();
    }
    assert_true(generation(certificate) != before);
    certificate_close(certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_with_its_key_is_taken),
        cmocka_unit_test(one_that_has_expired_is_taken_and_told_of),
        cmocka_unit_test(what_tls_does_not_take_is_refused_and_named),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(a_pair_is_replaced_when_it_is_whole),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
