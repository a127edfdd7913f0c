/* SPDX-License-Identifier: Apache-2.0
 *
 * See signer.h.
 */
#include "tests/support/signer.h"

#include "base/base64.h"
#include "base/digest.h"
#include "identity/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { NUMBER_MAX = 2048 };

static void require(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "signer: %s failed\n", what);
    abort();
}

void signer_init_rsa(struct signer *signer, unsigned bits)
{
    *signer = (struct signer){.algorithm = RS256, .key = EVP_RSA_gen(bits)};
    require(signer->key != NULL, "EVP_RSA_gen");
}

void signer_init(struct signer *signer, enum signature_algorithm algorithm)
{
    static const char *const curves[] = {[ES256] = "P-256", [ES384] = "P-384", [ES512] = "P-521"};
    if (algorithm >= RS256 && algorithm <= PS512) {
        signer_init_rsa(signer, JWK_RSA_MIN_BITS);
        signer->algorithm = algorithm;
        return;
    }
    *signer = (struct signer){.algorithm = algorithm};
    if (algorithm <= HS512)
        digest_random(signer->secret, sizeof signer->secret);
    else if (algorithm == EDDSA)
        signer->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        signer->key = EVP_EC_gen(curves[algorithm]);
    require(signer->key || algorithm <= HS512, "making a key");
}

void signer_done(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
}

static void add_member(const char *name, const void *bytes, size_t len, struct buf *out)
{
    buf_printf(out, ",\"%s\":\"", name);
    base64url_encode(bytes, len, out);
    buf_add_char(out, '"');
}

/* A number of the key as big-endian bytes, at least `width` of them. */
static void add_number(const struct signer *signer, const char *parameter, const char *name,
                       size_t width, struct buf *out)
{
    unsigned char bytes[NUMBER_MAX];
    BIGNUM *number = NULL;
    require(EVP_PKEY_get_bn_param(signer->key, parameter, &number) == 1, parameter);
    size_t len = (size_t)BN_num_bytes(number);
    len = len < width ? width : len;
    require(BN_bn2binpad(number, bytes, (int)len) == (int)len, "BN_bn2binpad");
    BN_free(number);
    add_member(name, bytes, len, out);
}

static void add_members(const struct signer *signer, struct buf *out)
{
    unsigned char point[32];
    size_t len = sizeof point;
    if (!signer->key) {
        buf_add_text(out, "\"kty\":\"oct\"");
        add_member("k", signer->secret, sizeof signer->secret, out);
    } else if (EVP_PKEY_is_a(signer->key, "RSA")) {
        buf_add_text(out, "\"kty\":\"RSA\"");
        add_number(signer, OSSL_PKEY_PARAM_RSA_N, "n", 0, out);
        add_number(signer, OSSL_PKEY_PARAM_RSA_E, "e", 0, out);
    } else if (EVP_PKEY_is_a(signer->key, "EC")) {
        int bits = EVP_PKEY_get_bits(signer->key);
        size_t width = ((size_t)bits + 7) / 8;
        buf_printf(out, "\"kty\":\"EC\",\"crv\":\"P-%d\"", bits);
        add_number(signer, OSSL_PKEY_PARAM_EC_PUB_X, "x", width, out);
        add_number(signer, OSSL_PKEY_PARAM_EC_PUB_Y, "y", width, out);
    } else {
        require(EVP_PKEY_get_raw_public_key(signer->key, point, &len) == 1, "public key");
        buf_add_text(out, "\"kty\":\"OKP\",\"crv\":\"Ed25519\"");
        add_member("x", point, len, out);
    }
}

void signer_add_jwk(const struct signer *signer, const char *more, struct buf *out)
{
    buf_add_char(out, '{');
    add_members(signer, out);
    buf_printf(out, "%s}", more);
}

void signer_add_private_jwk(const struct signer *signer, struct buf *out)
{
    buf_add_char(out, '{');
    add_members(signer, out);
    const char *name =
        EVP_PKEY_is_a(signer->key, "RSA") ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
    add_number(signer, name, "d", 0, out);
    buf_add_char(out, '}');
}

static void take_bio(BIO *bio, struct buf *out)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    buf_add(out, text, (size_t)len);
    BIO_free(bio);
}

void signer_add_pem(const struct signer *signer, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_PUBKEY(bio, signer->key) == 1, "PEM_write_bio_PUBKEY");
    take_bio(bio, out);
}

void signer_add_rsa_pem(const struct signer *signer, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *bytes = NULL;
    int len = i2d_PublicKey(signer->key, &bytes);
    require(len > 0 && PEM_write_bio(bio, PEM_STRING_RSA_PUBLIC, "", bytes, len) > 0, "PKCS#1");
    OPENSSL_free(bytes);
    take_bio(bio, out);
}

void signer_add_private_pem(const struct signer *signer, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    require(PEM_write_bio_PrivateKey(bio, signer->key, NULL, NULL, 0, NULL, NULL) == 1, "PKCS#8");
    take_bio(bio, out);
}

void signer_add_certificate(const struct signer *signer, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509 *certificate = X509_new();
    bool is_made = X509_set_version(certificate, X509_VERSION_3) == 1 &&
                   ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
                   X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
                   X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) &&
                   X509_set_pubkey(certificate, signer->key) == 1 &&
                   X509_sign(certificate, signer->key, EVP_sha256()) > 0 &&
                   PEM_write_bio_X509(bio, certificate) == 1;
    require(is_made, "making a certificate");
    X509_free(certificate);
    take_bio(bio, out);
}

static const EVP_MD *digest_of(enum signature_algorithm algorithm)
{
    if (algorithm == EDDSA)
        return NULL;
    const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    return digests[algorithm % 3];
}

static void add_raw(const struct signer *signer, const unsigned char *der, size_t len,
                    struct buf *out)
{
    size_t half = ((size_t)EVP_PKEY_get_bits(signer->key) + 7) / 8;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    unsigned char *at = (unsigned char *)buf_reserve(out, 2 * half);
    require(pair && at && BN_bn2binpad(ECDSA_SIG_get0_r(pair), at, (int)half) > 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), at + half, (int)half) > 0,
            "a raw signature");
    buf_commit(out, 2 * half);
    ECDSA_SIG_free(pair);
}

void signer_sign(const struct signer *signer, struct str message, struct buf *out)
{
    unsigned char bytes[NUMBER_MAX];
    const unsigned char *text = (const unsigned char *)message.ptr;
    const EVP_MD *digest = digest_of(signer->algorithm);
    unsigned mac_len = 0;
    size_t len = sizeof bytes;
    if (!signer->key) {
        require(HMAC(digest, signer->secret, sizeof signer->secret, text, message.len, bytes,
                     &mac_len) != NULL,
                "HMAC");
        buf_add(out, bytes, mac_len);
        return;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    bool is_pss = signer->algorithm >= PS256 && signer->algorithm <= PS512;
    require(EVP_DigestSignInit(context, &options, digest, NULL, signer->key) == 1, "init");
    require(!is_pss || (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1),
            "padding");
    require(EVP_DigestSign(context, bytes, &len, text, message.len) == 1, "signing");
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_is_a(signer->key, "EC"))
        add_raw(signer, bytes, len, out);
    else
        buf_add(out, bytes, len);
}

void signer_add_parts(struct str header, struct str claims, struct buf *out)
{
    base64url_encode(header.ptr, header.len, out);
    buf_add_char(out, '.');
    base64url_encode(claims.ptr, claims.len, out);
    buf_add_char(out, '.');
}

void signer_add_token(const struct signer *signer, const char *header, const char *claims,
                      struct buf *out)
{
    struct buf signature CLEANUP(buf_done);
    size_t begin = out->len;
    buf_init(&signature, NUMBER_MAX);
    signer_add_parts(str_of(header), str_of(claims), out);
    struct str message = {out->ptr + begin, out->len - begin - 1};
    signer_sign(signer, message, &signature);
    base64url_encode(signature.ptr, signature.len, out);
}
