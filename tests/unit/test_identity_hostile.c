/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens made to get in: each is refused, and in the words of every other.
 */
#include "base/base64.h"
#include "tests/unit/identity_kit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

static struct signer rsa;
static struct signer es256;
static struct signer eddsa;
static struct signer hs256;
static struct jwks *all_keys; /* of all four */

static void refuse_by(const struct jwks *keys, struct str token, const char *what)
{
    const struct jwt_rules rules = kit_rules();
    const char *said = kit_check(keys, &rules, token, NULL);
    if (strcmp(said, kit_refusal()) != 0)
        fail_msg("%s: \"%s\"", what, said);
}

static void refuse(struct str token, const char *what)
{
    refuse_by(all_keys, token, what);
}

static void take(struct str token, const char *what)
{
    const struct jwt_rules rules = kit_rules();
    const char *said = kit_check(all_keys, &rules, token, NULL);
    if (said[0])
        fail_msg("%s: \"%s\"", what, said);
}

/* A token of any header with any bytes as its signature. */
static void make(const char *header, const void *signature, size_t len, struct buf *out)
{
    buf_init(out, SIGNER_TOKEN_MAX);
    signer_add_parts(str_of(header), STR(KIT_CLAIMS), out);
    base64url_encode(signature, len, out);
}

static void a_token_without_a_signature_is_none(void **state)
{
    (void)state;
    static const char *const algorithms[] = {
        "\"none\"",  "\"None\"",  "\"NONE\"",   "\"nOnE\"",       "\"none \"",
        "\" none\"", "\"\"",      "null",       "\"no\\u006ee\"", "[]",
        "{}",        "0",         "false",      "\"plain\"",      "\"n\\u00f6ne\"",
        "\"HS256\"", "\"RS256\"", "\"ES256\"",  "\"EdDSA\"",      "\"PS256\"",
        "\"HS1\"",   "\"RS1\"",   "\"ES256K\"", "\"dir\"",        "\"RSA1_5\"",
    };
    static const struct str signatures[] = {{"", 0}, {"\0", 1}, {"none", 4}};
    for (size_t i = 0; i < COUNT_OF(algorithms); i++)
        for (size_t k = 0; k < COUNT_OF(signatures); k++) {
            struct buf header CLEANUP(buf_done);
            struct buf token CLEANUP(buf_done);
            buf_init(&header, 1000);
            buf_printf(&header, "{\"typ\":\"JWT\",\"alg\":%s}", algorithms[i]);
            make(header.ptr, signatures[k].ptr, signatures[k].len, &token);
            refuse(buf_str(&token), header.ptr);
            struct str no_dot = {token.ptr, token.len - 1};
            if (signatures[k].len == 0)
                refuse(no_dot, header.ptr);
        }
}

static void sign_with_text(struct str secret, const char *algorithm, const EVP_MD *digest,
                           struct buf *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct buf header CLEANUP(buf_done);
    buf_init(&header, 100);
    buf_printf(&header, "{\"alg\":\"%s\"}", algorithm);
    buf_init(out, SIGNER_TOKEN_MAX);
    signer_add_parts(buf_str(&header), STR(KIT_CLAIMS), out);
    assert_non_null(HMAC(digest, secret.ptr, (int)secret.len, (unsigned char *)out->ptr,
                         out->len - 1, mac, &len));
    base64url_encode(mac, len, out);
}

static void refuse_secret(struct str secret, const char *what)
{
    struct buf pem CLEANUP(buf_done);
    buf_init(&pem, SIGNER_TOKEN_MAX);
    signer_add_pem(&rsa, &pem);
    struct jwks *pem_keys = kit_keys(buf_str(&pem));
    struct jwks *set_keys = kit_keys_of(&rsa, "");
    const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    const char *const names[] = {"HS256", "HS384", "HS512"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buf token CLEANUP(buf_done);
        sign_with_text(secret, names[i], digests[i], &token);
        refuse(buf_str(&token), what);
        refuse_by(pem_keys, buf_str(&token), what);
        refuse_by(set_keys, buf_str(&token), what);
    }
    jwks_free(pem_keys);
    jwks_free(set_keys);
}

static void an_rsa_key_is_never_a_secret(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_add_pem(&rsa, &text);
    refuse_secret(buf_str(&text), "PEM");
    refuse_secret((struct str){text.ptr, text.len - 1}, "PEM without its last line end");
    buf_clear(&text);
    signer_add_rsa_pem(&rsa, &text);
    refuse_secret(buf_str(&text), "PKCS#1");
    buf_clear(&text);
    signer_add_jwk(&rsa, "", &text);
    refuse_secret(buf_str(&text), "JSON Web Key");
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(rsa.key, &der);
    refuse_secret((struct str){(char *)der, (size_t)len}, "DER");
    OPENSSL_free(der);
    unsigned char modulus[256];
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(rsa.key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_bn2bin(n, modulus), sizeof modulus);
    BN_free(n);
    refuse_secret((struct str){(char *)modulus, sizeof modulus}, "modulus");
    buf_clear(&text);
    base64url_encode(modulus, sizeof modulus, &text);
    refuse_secret(buf_str(&text), "modulus as text");
    refuse_secret(STR(""), "nothing");
    refuse_secret(STR("null"), "null");
}

static void a_token_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const struct signer *const signers[] = {&rsa, &es256, &eddsa, &hs256};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct buf token CLEANUP(buf_done);
        kit_token(signers[i], KIT_CLAIMS, &token);
        take(buf_str(&token), "whole");
        for (size_t len = 0; len < token.len; len++) {
            refuse((struct str){token.ptr, len}, "cut at its end");
            refuse((struct str){token.ptr + token.len - len, len}, "cut at its front");
        }
    }
}

static void a_token_with_any_byte_changed_is_refused(void **state)
{
    (void)state;
    const struct signer *const signers[] = {&es256, &eddsa, &hs256};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct buf token CLEANUP(buf_done);
        kit_token(signers[i], KIT_CLAIMS, &token);
        for (size_t at = 0; at < token.len; at++)
            for (int bit = 0; bit < 8; bit++) {
                token.ptr[at] = (char)(token.ptr[at] ^ (1 << bit));
                refuse(buf_str(&token), "a bit was changed");
                token.ptr[at] = (char)(token.ptr[at] ^ (1 << bit));
            }
        take(buf_str(&token), "as it was");
    }
}

/* The token is fine, but not in the form that it has to have. */
static void other_forms_of_a_good_token_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "%s=",   "%s==",       "=%s",    " %s",    "%s ",       "%s\n",   "\t%s",
        "%s.",   ".%s",        "%s..",   "%s.e30", "Bearer %s", "\"%s\"", "{\"jws\":\"%s\"}",
        "%s,%s", "%s\xc2\xa0", "%s%%00", "..%s",   "%s.a.b",
    };
    struct buf token CLEANUP(buf_done);
    kit_token(&es256, KIT_CLAIMS, &token);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct buf form CLEANUP(buf_done);
        struct str rest = str_of(forms[i]);
        buf_init(&form, SIGNER_TOKEN_MAX);
        for (; rest.len; rest = (struct str){rest.ptr + 1, rest.len - 1})
            if (str_starts_with(rest, STR("%s"))) {
                buf_add_str(&form, buf_str(&token));
                rest = (struct str){rest.ptr + 1, rest.len - 1};
            } else {
                buf_add_char(&form, rest.ptr[0]);
            }
        refuse(buf_str(&form), forms[i]);
    }
    struct buf with_nul CLEANUP(buf_done);
    buf_init(&with_nul, SIGNER_TOKEN_MAX);
    buf_add_str(&with_nul, buf_str(&token));
    buf_add_char(&with_nul, '\0');
    refuse(buf_str(&with_nul), "a NUL behind it");
}

/* In the JSON serialisation, unprotected headers and several signatures come in. */
static void json_serialisation_and_encryption_are_refused(void **state)
{
    (void)state;
    struct buf token CLEANUP(buf_done);
    struct buf json CLEANUP(buf_done);
    kit_token(&es256, KIT_CLAIMS, &token);
    struct str rest = buf_str(&token);
    struct str parts[3];
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        assert_true(str_next(&rest, '.', &parts[i]));
    buf_init(&json, SIGNER_TOKEN_MAX);
    buf_printf(&json, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%.*s\"}",
               STR_ARG(parts[0]), STR_ARG(parts[1]), STR_ARG(parts[2]));
    refuse(buf_str(&json), "flattened JSON");
    buf_clear(&json);
    buf_printf(&json, "%.*s..%.*s", STR_ARG(parts[0]), STR_ARG(parts[2]));
    refuse(buf_str(&json), "detached");
    buf_clear(&json);
    const struct str encrypted = STR("{\"alg\":\"dir\",\"enc\":\"A128GCM\"}");
    base64url_encode(encrypted.ptr, encrypted.len, &json);
    buf_add_text(&json, "..AAAA.AAAA.AAAA");
    refuse(buf_str(&json), "encrypted");
    struct buf nested CLEANUP(buf_done);
    buf_init(&nested, SIGNER_TOKEN_MAX);
    signer_add_token(&es256, "{\"alg\":\"ES256\",\"cty\":\"JWT\"}", token.ptr, &nested);
    refuse(buf_str(&nested), "nested");
    buf_clear(&nested);
    signer_add_token(&es256, "{\"alg\":\"ES256\"}", token.ptr, &nested);
    refuse(buf_str(&nested), "nested in secret");
}

static void huge_and_deep_tokens_are_refused(void **state)
{
    (void)state;
    struct buf claims CLEANUP(buf_done);
    buf_init(&claims, SIGNER_TOKEN_MAX);
    static const size_t sizes[] = {5000, 7000, 40000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf token CLEANUP(buf_done);
        buf_clear(&claims);
        buf_add_text(&claims, "{\"sub\":\"alice\",\"exp\":1790000600,\"x\":\"");
        while (claims.len < sizes[i])
            buf_add_char(&claims, 'x');
        buf_add_text(&claims, "\"}");
        kit_token(&es256, claims.ptr, &token);
        if (token.len <= BEARER_MAX_BYTES)
            take(buf_str(&token), "large");
        else
            refuse(buf_str(&token), "too large");
    }
    static const char *const openings[] = {"[", "{\"a\":", "[{\"\":"};
    for (size_t i = 0; i < COUNT_OF(openings); i++) {
        struct buf token CLEANUP(buf_done);
        buf_clear(&claims);
        buf_add_text(&claims, "{\"sub\":\"alice\",\"exp\":1790000600,\"x\":");
        while (claims.len < 5900)
            buf_add_text(&claims, openings[i]);
        kit_token(&es256, claims.ptr, &token);
        refuse(buf_str(&token), "deep");
        buf_clear(&token);
        signer_add_token(&es256, claims.ptr, KIT_CLAIMS, &token);
        refuse(buf_str(&token), "a deep header");
    }
}

static void elliptic_signatures_of_nothing_are_refused(void **state)
{
    (void)state;
    /* The order of P-256: as r or s it is zero again. */
    static const unsigned char order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,
                                            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
                                            0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
    static const unsigned char zero[32];
    unsigned char one[32] = {[31] = 1};
    unsigned char full[32];
    memset(full, 0xFF, sizeof full);
    const unsigned char *const numbers[] = {zero, one, order, full};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (size_t k = 0; k < COUNT_OF(numbers); k++) {
            unsigned char signature[64];
            struct buf token CLEANUP(buf_done);
            memcpy(signature, numbers[i], 32);
            memcpy(signature + 32, numbers[k], 32);
            make("{\"alg\":\"ES256\"}", signature, sizeof signature, &token);
            refuse(buf_str(&token), "numbers that are no signature");
        }
    /* In ASN.1, as OpenSSL writes it: {0, 0} and {1, 1}. */
    const struct str der[] = {STR("\x30\x06\x02\x01\x00\x02\x01\x00"),
                              STR("\x30\x06\x02\x01\x01\x02\x01\x01"), STR("\0\0")};
    for (size_t i = 0; i < COUNT_OF(der); i++) {
        struct buf token CLEANUP(buf_done);
        make("{\"alg\":\"ES256\"}", der[i].ptr, der[i].len, &token);
        refuse(buf_str(&token), "ASN.1");
    }
}

/* The signature of a good token, changed by the test and put in again. */
static void refuse_signature(const struct signer *signer, size_t front, size_t back,
                             const char *what)
{
    struct buf token CLEANUP(buf_done);
    struct buf message CLEANUP(buf_done);
    struct buf bytes CLEANUP(buf_done);
    static const char zeros[64];
    buf_init(&message, SIGNER_TOKEN_MAX);
    buf_init(&bytes, SIGNER_TOKEN_MAX);
    struct buf header CLEANUP(buf_done);
    buf_init(&header, 100);
    buf_printf(&header, "{\"alg\":\"%s\"}", signature_algorithm_name(signer->algorithm));
    signer_add_parts(buf_str(&header), STR(KIT_CLAIMS), &message);
    buf_add(&bytes, zeros, front);
    signer_sign(signer, (struct str){message.ptr, message.len - 1}, &bytes);
    buf_add(&bytes, zeros, back);
    make(header.ptr, bytes.ptr, bytes.len, &token);
    if (front + back == 0)
        take(buf_str(&token), what);
    else
        refuse(buf_str(&token), what);
}

static void signatures_of_another_length_are_refused(void **state)
{
    (void)state;
    const struct signer *const signers[] = {&rsa, &es256, &eddsa, &hs256};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        refuse_signature(signers[i], 0, 0, "as it is");
        refuse_signature(signers[i], 1, 0, "a zero before");
        refuse_signature(signers[i], 0, 1, "a zero behind");
        refuse_signature(signers[i], 32, 32, "more zeros");
    }
    static const char bytes[600];
    static const char *const headers[] = {"{\"alg\":\"HS256\"}", "{\"alg\":\"RS256\"}",
                                          "{\"alg\":\"PS256\"}", "{\"alg\":\"ES256\"}",
                                          "{\"alg\":\"EdDSA\"}"};
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        for (size_t len = 0; len <= sizeof bytes; len += len < 70 ? 1 : 93) {
            struct buf token CLEANUP(buf_done);
            make(headers[i], bytes, len, &token);
            refuse(buf_str(&token), headers[i]);
        }
}

/* S + L is the same point to who does not look (RFC 8032, 5.1.7). */
static void an_edwards_signature_has_one_form(void **state)
{
    (void)state;
    static const unsigned char order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A,       0x63,
                                            0x12, 0x58, 0xD6, 0x9C, 0xF7,       0xA2,
                                            0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10};
    struct buf message CLEANUP(buf_done);
    struct buf bytes CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    buf_init(&message, SIGNER_TOKEN_MAX);
    buf_init(&bytes, SIGNER_TOKEN_MAX);
    signer_add_parts(STR("{\"alg\":\"EdDSA\"}"), STR(KIT_CLAIMS), &message);
    signer_sign(&eddsa, (struct str){message.ptr, message.len - 1}, &bytes);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        unsigned sum = (unsigned char)bytes.ptr[32 + i] + order[i] + carry;
        bytes.ptr[32 + i] = (char)(sum & 0xFF);
        carry = sum >> 8;
    }
    make("{\"alg\":\"EdDSA\"}", bytes.ptr, bytes.len, &token);
    refuse(buf_str(&token), "S + L");
}

/* A key that says what it is for is for nothing else. */
static void a_key_for_one_algorithm_takes_no_other(void **state)
{
    (void)state;
    struct signer pss = rsa;
    struct buf token CLEANUP(buf_done);
    struct jwks *keys = kit_keys_of(&rsa, ",\"alg\":\"RS256\"");
    pss.algorithm = PS256;
    kit_token(&pss, KIT_CLAIMS, &token);
    take(buf_str(&token), "PS256, by a key that says nothing");
    refuse_by(keys, buf_str(&token), "PS256, by a key for RS256");
    jwks_free(keys);
}

/* Of many keys that would fit, only so many are tried. */
static void tries_are_bounded(void **state)
{
    (void)state;
    struct signer last;
    struct buf text CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    signer_init(&last, ES256);
    buf_init(&text, SIGNER_TOKEN_MAX);
    buf_add_text(&text, "{\"keys\":[");
    for (size_t i = 0; i < JWKS_MAX_TRIED; i++) {
        signer_add_jwk(&es256, "", &text);
        buf_add_char(&text, ',');
    }
    signer_add_jwk(&last, "", &text);
    buf_add_text(&text, "]}");
    struct jwks *keys = kit_keys(buf_str(&text));
    kit_token(&last, KIT_CLAIMS, &token);
    refuse_by(keys, buf_str(&token), "the seventeenth key");
    jwks_free(keys);
    signer_done(&last);
}

static int make_keys(void **state)
{
    (void)state;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_init(&rsa, RS256);
    signer_init(&es256, ES256);
    signer_init(&eddsa, EDDSA);
    signer_init(&hs256, HS256);
    const struct signer *const signers[] = {&rsa, &es256, &eddsa, &hs256};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        buf_add_text(&text, i ? "," : "{\"keys\":[");
        signer_add_jwk(signers[i], "", &text);
    }
    buf_add_text(&text, "]}");
    all_keys = kit_keys(buf_str(&text));
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    signer_done(&rsa);
    signer_done(&es256);
    signer_done(&eddsa);
    signer_done(&hs256);
    jwks_free(all_keys);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_without_a_signature_is_none),
        cmocka_unit_test(an_rsa_key_is_never_a_secret),
        cmocka_unit_test(a_token_cut_anywhere_is_refused),
        cmocka_unit_test(a_token_with_any_byte_changed_is_refused),
        cmocka_unit_test(other_forms_of_a_good_token_are_refused),
        cmocka_unit_test(json_serialisation_and_encryption_are_refused),
        cmocka_unit_test(huge_and_deep_tokens_are_refused),
        cmocka_unit_test(elliptic_signatures_of_nothing_are_refused),
        cmocka_unit_test(signatures_of_another_length_are_refused),
        cmocka_unit_test(an_edwards_signature_has_one_form),
        cmocka_unit_test(a_key_for_one_algorithm_takes_no_other),
        cmocka_unit_test(tries_are_bounded),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
