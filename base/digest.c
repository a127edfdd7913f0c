/* SPDX-License-Identifier: Apache-2.0
 *
 * See digest.h.
 */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static void require(int is_ok, const char *what)
{
    if (is_ok == 1)
        return;
    (void)fprintf(stderr, "exportq: libcrypto failed at %s; stopping\n", what);
    abort();
}

/* struct sha256 is OpenSSL's context under our own name. */
static EVP_MD_CTX *context_of(struct sha256 *hash)
{
    return (EVP_MD_CTX *)hash;
}

struct sha256 *sha256_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL, "EVP_MD_CTX_new");
    require(EVP_DigestInit_ex(context, EVP_sha256(), NULL), "EVP_DigestInit_ex");
    return (struct sha256 *)context;
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t len)
{
    require(EVP_DigestUpdate(context_of(hash), bytes, len), "EVP_DigestUpdate");
}

void sha256_finish(struct sha256 *hash, uint8_t out[SHA256_SIZE])
{
    require(EVP_DigestFinal_ex(context_of(hash), out, NULL), "EVP_DigestFinal_ex");
    require(EVP_DigestInit_ex(context_of(hash), EVP_sha256(), NULL), "EVP_DigestInit_ex");
}

void sha256_free(struct sha256 *hash)
{
    EVP_MD_CTX_free(context_of(hash));
}

void sha256_format(const uint8_t digest[SHA256_SIZE], char out[SHA256_HEX_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 0xF];
    }
    out[SHA256_HEX_LEN] = '\0';
}

void digest_hmac(struct str key, struct str message, uint8_t out[SHA256_SIZE])
{
    unsigned char *result = HMAC(EVP_sha256(), key.ptr, (int)key.len,
                                 (const unsigned char *)message.ptr, message.len, out, NULL);
    require(result != NULL, "HMAC");
}

void digest_random(void *out, size_t len)
{
    require(RAND_bytes(out, (int)len), "RAND_bytes");
}

bool digest_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
