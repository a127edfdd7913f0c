/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of keys: what is taken, what is left out, and what refuses the whole file, with the reason.
 */
#include "base/base64.h"
#include "tests/unit/identity_kit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static struct signer rsa;
static struct signer es256;

/* Reads a file that is to be refused; the reason. */
static const char *refusal_of(struct str text)
{
    static struct err err;
    struct jwks *keys = NULL;
    err = (struct err){0};
    if (jwks_read(text, &keys, &err)) {
        jwks_free(keys);
        return "it was taken";
    }
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.field, "EXPORT_JWT_KEYS");
    return err.text;
}

static void expect(struct str text, const char *reason)
{
    const char *said = refusal_of(text);
    if (!strstr(said, reason))
        fail_msg("%.*s: \"%s\", not \"%s\"", STR_ARG(text), said, reason);
}

static void files_that_are_no_keys_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "has no key"},
        {" \n", "has no key"},
        {"hello", "has no key"},
        {"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==", "has no key"},
        {"\"c2VjcmV0\"", "has no key"},
        {"[]", "has no key"},
        {"{", "no JSON, in its line 1"},
        {"{}", "neither a key set"},
        {"{\"keys\":{}}", "neither a key set"},
        {"{\"keys\":\"k\"}", "neither a key set"},
        {"{\"keys\":[]}", "has no key"},
        {"{\"keys\":[],\"keys\":[]}", "no JSON"},
        {"{\"keys\":[1]}", "key 1 of the file of EXPORT_JWT_KEYS is no JSON Web Key"},
        {"{\"keys\":[null]}", "is no JSON Web Key"},
        {"{\"keys\":[{}]}", "is no JSON Web Key"},
        {"{\"keys\":[{\"kty\":1}]}", "is no JSON Web Key"},
        {"{\"kty\":\"RSA\",\"use\":1}", "is no JSON Web Key"},
        {"{\"kty\":\"RSA\",\"kid\":1}", "is no JSON Web Key"},
        {"{\"kty\":\"RSA\",\"alg\":[\"RS256\"]}", "is no JSON Web Key"},
        {"{\"kty\":\"RSA\"}", "make no public key"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "make no public key"},
        {"{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}", "make no public key"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "RSA key of 17 bits"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", "make no public key"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "make no public key"},
        {"{\"kty\":\"oct\"}", "no base64url of 32 to 1024 bytes"},
        {"{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", "no base64url of 32 to 1024 bytes"},
        {"{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA\"}", "32 to 1024"},
        {"{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\"}", "32 to 1024"},
        {"{\"kty\":\"oct\",\"alg\":\"HS512\","
         "\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}",
         "its length does not fit"},
        {"{\"kty\":\"oct\",\"alg\":\"RS256\","
         "\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}",
         "its kind or its length does not fit"},
        {"{\"kty\":\"RSA\",\"d\":\"AA\"}", "is a private key"},
        {"{\"kty\":\"EC\",\"use\":\"enc\",\"d\":\"AA\"}", "is a private key"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", "has no key"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", "has no key"},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}", "has no key"},
        {"-----BEGIN PUBLIC KEY-----", "block 1 of the file of EXPORT_JWT_KEYS is damaged"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "block 1"},
        {"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "damaged"},
        {"-----BEGIN SECRET-----\nAAAA\n-----END SECRET-----\n", "no key that can be read"},
        {"----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(str_of(cases[i].text), cases[i].reason);
    expect((struct str){"\0{}", 3}, "has no key");
    expect((struct str){"{\"kty\"\0:1}", 10}, "no JSON");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_add_jwk(&es256, ",\"kid\":\"a\"", &text);
    for (size_t len = 0; len < text.len; len++)
        assert_string_not_equal(refusal_of((struct str){text.ptr, len}), "it was taken");
    buf_clear(&text);
    signer_add_pem(&es256, &text);
    size_t second = text.len;
    signer_add_certificate(&rsa, &text);
    for (size_t len = 0; len < text.len - 1; len++)
        if (len < second - 1 || len > second + STR("-----BEGIN ").len)
            assert_string_not_equal(refusal_of((struct str){text.ptr, len}), "it was taken");
    jwks_free(kit_keys(buf_str(&text)));
}

static void private_keys_are_refused(void **state)
{
    (void)state;
    const struct signer *const signers[] = {&rsa, &es256};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, SIGNER_TOKEN_MAX);
        signer_add_private_jwk(signers[i], &text);
        expect(buf_str(&text), "key 1 of the file of EXPORT_JWT_KEYS is a private key");
        buf_clear(&text);
        signer_add_pem(signers[i], &text);
        signer_add_private_pem(signers[i], &text);
        expect(buf_str(&text), "block 2 of the file of EXPORT_JWT_KEYS is a private key");
    }
}

static void weak_keys_are_refused(void **state)
{
    (void)state;
    struct signer weak;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_init_rsa(&weak, 1024);
    signer_add_jwk(&weak, "", &text);
    expect(buf_str(&text), "RSA key of 1024 bits; accepted are 2048 to 8192");
    buf_clear(&text);
    signer_add_pem(&weak, &text);
    expect(buf_str(&text), "RSA key of 1024 bits");
    signer_done(&weak);
    buf_clear(&text);
    buf_add_text(&text, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    static const char big[8200 / 8 + 1] = {'\x80', [1025] = '\x01'};
    base64url_encode(big, sizeof big, &text);
    buf_add_text(&text, "\"}");
    expect(buf_str(&text), "make no public key");
}

static void numbers_that_make_no_key_are_refused(void **state)
{
    (void)state;
    static const char *const exponents[] = {"AQ", "Ag", "AAAA"}; /* 1, 2 and 0 */
    char *n = NULL;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_add_jwk(&rsa, "", &text);
    n = strstr(text.ptr, "\"n\"");
    assert_non_null(n);
    struct buf modulus CLEANUP(buf_done);
    buf_init(&modulus, SIGNER_TOKEN_MAX);
    buf_add(&modulus, n, (size_t)(strstr(n, "\"e\"") - n));
    for (size_t i = 0; i < COUNT_OF(exponents); i++) {
        buf_clear(&text);
        buf_printf(&text, "{\"kty\":\"RSA\",%s\"e\":\"%s\"}", modulus.ptr, exponents[i]);
        expect(buf_str(&text), "make no public key");
    }
    buf_clear(&text);
    signer_add_jwk(&es256, "", &text);
    char *x = strstr(text.ptr, "\"x\":\"");
    assert_non_null(x);
    x[6] = x[6] == 'A' ? 'B' : 'A'; /* off the curve */
    expect(buf_str(&text), "make no public key");
}

/* CVE-2020-0601: whose parameters look like a curve's may be anything. */
static void curves_by_their_own_numbers_are_refused(void **state)
{
    (void)state;
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    expect((struct str){text, (size_t)len}, "of a kind that is not known here");
    BIO_free(bio);
    EVP_PKEY_free(key);
}

/* As the sets of great issuers have them. */
static void keys_for_others_are_left_out(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"key_ops\":[\"encrypt\"],\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"key_ops\":\"verify\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
        "{\"kty\":\"quantum\"}",
    };
    struct buf text CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    buf_add_text(&text, "{\"more\":true,\"keys\":[");
    for (size_t i = 0; i < COUNT_OF(others); i++)
        buf_printf(&text, "%s,", others[i]);
    signer_add_jwk(&es256, ",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"x5c\":[\"AAAA\"]", &text);
    buf_add_text(&text, "]}");
    struct jwks *keys = kit_keys(buf_str(&text));
    const struct jwt_rules rules = kit_rules();
    kit_token(&es256, KIT_CLAIMS, &token);
    assert_string_equal(kit_check(keys, &rules, buf_str(&token), NULL), "");
    jwks_free(keys);
}

static void every_form_of_a_public_key_is_taken(void **state)
{
    (void)state;
    static void (*const forms[])(const struct signer *, struct buf *) = {
        signer_add_pem, signer_add_rsa_pem, signer_add_certificate};
    struct buf token CLEANUP(buf_done);
    const struct jwt_rules rules = kit_rules();
    kit_token(&rsa, KIT_CLAIMS, &token);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct buf text CLEANUP(buf_done);
        buf_init(&text, SIGNER_TOKEN_MAX);
        forms[i](&rsa, &text);
        struct jwks *keys = kit_keys(buf_str(&text));
        assert_string_equal(kit_check(keys, &rules, buf_str(&token), NULL), "");
        jwks_free(keys);
    }
}

static void there_may_be_many_keys_but_not_too_many(void **state)
{
    (void)state;
    struct buf set CLEANUP(buf_done);
    struct buf pem CLEANUP(buf_done);
    buf_init(&set, SIGNER_TOKEN_MAX);
    buf_init(&pem, SIGNER_TOKEN_MAX);
    buf_add_text(&set, "{\"keys\":[");
    for (size_t i = 0; i < JWKS_MAX_KEYS; i++) {
        signer_add_jwk(&es256, "", &set);
        buf_add_char(&set, ',');
        signer_add_pem(&es256, &pem);
    }
    jwks_free(kit_keys(buf_str(&pem)));
    signer_add_pem(&es256, &pem);
    signer_add_jwk(&es256, "", &set);
    buf_add_text(&set, "]}");
    expect(buf_str(&pem), "more than 64 keys");
    expect(buf_str(&set), "more than 64 keys");
}

static int make_keys(void **state)
{
    (void)state;
    signer_init(&rsa, RS256);
    signer_init(&es256, ES256);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    signer_done(&rsa);
    signer_done(&es256);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_no_keys_are_refused_with_the_reason),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(private_keys_are_refused),
        cmocka_unit_test(weak_keys_are_refused),
        cmocka_unit_test(numbers_that_make_no_key_are_refused),
        cmocka_unit_test(curves_by_their_own_numbers_are_refused),
        cmocka_unit_test(keys_for_others_are_left_out),
        cmocka_unit_test(every_form_of_a_public_key_is_taken),
        cmocka_unit_test(there_may_be_many_keys_but_not_too_many),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
