/* SPDX-License-Identifier: Apache-2.0
 *
 * See identity.h.
 */
#include "tests/support/certified.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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

struct certified certified_new_with(const struct certified_options *options)
{
    EVP_PKEY *key = options->rsa_bits ? EVP_RSA_gen(options->rsa_bits) : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_EXTENSION *names = options->names ? options->names : names_of("DNS:localhost");
    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), options->begins_s ? options->begins_s : -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), options->ends_s ? options->ends_s : 3600);
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
    return (struct certified){take_text(certificate_out), take_text(key_out)};
}

struct certified certified_named(const char *names)
{
    return certified_new_with(&(struct certified_options){.names = names_of(names)});
}

struct certified certified_new(void)
{
    return certified_new_with(&(struct certified_options){.rsa_bits = 0});
}

void certified_free(struct certified *identity)
{
    free(identity->certificate_pem);
    free(identity->key_pem);
}
