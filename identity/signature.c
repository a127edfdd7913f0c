/* SPDX-License-Identifier: Apache-2.0
 *
 * See signature.h. Each algorithm has one kind of key, so that no key is ever read as another: an
 * RSA key is never the secret of an HMAC, P-256 never stands in for P-521.
 */
#include "identity/signature.h"

#include "base/digest.h"
#include "identity/jwk.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

enum { DER_MAX_BYTES = 160 }; /* of two numbers of 66 bytes */

static const struct rule {
    const char *name;
    enum jwk_kind kind;
    const EVP_MD *(*digest)(void);
    bool is_pss;
} rules[] = {
    [HS256] = {"HS256", JWK_OCT, EVP_sha256, false},
    [HS384] = {"HS384", JWK_OCT, EVP_sha384, false},
    [HS512] = {"HS512", JWK_OCT, EVP_sha512, false},
    [RS256] = {"RS256", JWK_RSA, EVP_sha256, false},
    [RS384] = {"RS384", JWK_RSA, EVP_sha384, false},
    [RS512] = {"RS512", JWK_RSA, EVP_sha512, false},
    [PS256] = {"PS256", JWK_RSA, EVP_sha256, true},
    [PS384] = {"PS384", JWK_RSA, EVP_sha384, true},
    [PS512] = {"PS512", JWK_RSA, EVP_sha512, true},
    [ES256] = {"ES256", JWK_P256, EVP_sha256, false},
    [ES384] = {"ES384", JWK_P384, EVP_sha384, false},
    [ES512] = {"ES512", JWK_P521, EVP_sha512, false},
    [EDDSA] = {"EdDSA", JWK_ED25519, NULL, false},
};

bool signature_algorithm_find(struct str name, enum signature_algorithm *out)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (str_equal(name, str_of(rules[i].name))) {
            *out = (enum signature_algorithm)i;
            return true;
        }
    return false;
}

const char *signature_algorithm_name(enum signature_algorithm algorithm)
{
    return rules[algorithm].name;
}

/* RFC 7518, 3.2: a secret is at least as long as the digest. */
bool signature_fits(enum signature_algorithm algorithm, const struct jwk *key)
{
    const struct rule *rule = &rules[algorithm];
    if (key->kind != rule->kind || (key->has_algorithm && key->algorithm != algorithm))
        return false;
    return rule->kind != JWK_OCT || key->secret.len >= (size_t)EVP_MD_get_size(rule->digest());
}

static bool hmac_holds(const struct rule *rule, const struct jwk *key, struct str message,
                       struct str signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const unsigned char *bytes = (const unsigned char *)message.ptr;
    return HMAC(rule->digest(), key->secret.ptr, (int)key->secret.len, bytes, message.len, mac,
                &len) &&
           signature.len == len && digest_equal(mac, signature.ptr, len);
}

/* A signature of a JWS is the two numbers in full length, one behind the other (RFC 7518, 3.4);
 * OpenSSL takes them as ASN.1. 0: they are no such thing. */
static size_t make_der(const struct jwk *key, struct str raw, unsigned char out[DER_MAX_BYTES])
{
    size_t half = jwk_coordinate_bytes(key->kind);
    const unsigned char *bytes = (const unsigned char *)raw.ptr;
    if (raw.len != 2 * half)
        return 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(bytes + half, (int)half, NULL);
    int len = -1;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
        len = i2d_ECDSA_SIG(pair, NULL) <= DER_MAX_BYTES ? i2d_ECDSA_SIG(pair, &out) : -1;
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

static bool set_padding(const struct rule *rule, EVP_PKEY_CTX *context)
{
    return !rule->is_pss ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static bool public_key_holds(const struct rule *rule, const struct jwk *key, struct str message,
                             struct str signature)
{
    unsigned char der[DER_MAX_BYTES];
    const unsigned char *bytes = (const unsigned char *)signature.ptr;
    size_t len = signature.len;
    if (jwk_coordinate_bytes(key->kind)) {
        len = make_der(key, signature, der);
        bytes = der;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL; /* the context's own */
    bool does_hold =
        context && len &&
        EVP_DigestVerifyInit(context, &options, rule->digest ? rule->digest() : NULL, NULL,
                             key->key) == 1 &&
        set_padding(rule, options) &&
        EVP_DigestVerify(context, bytes, len, (const unsigned char *)message.ptr, message.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* of this thread: why it did not hold is nobody's business */
    return does_hold;
}

bool signature_holds(enum signature_algorithm algorithm, const struct jwk *key, struct str message,
                     struct str signature)
{
    const struct rule *rule = &rules[algorithm];
    if (!signature_fits(algorithm, key))
        return false;
    return rule->kind == JWK_OCT ? hmac_holds(rule, key, message, signature)
                                 : public_key_holds(rule, key, message, signature);
}
