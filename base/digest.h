/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256, HMAC, random bytes and comparison in constant time: the one door to OpenSSL's libcrypto.
 * A failure of libcrypto itself (never seen: it means a broken installation) stops the process.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/str.h"

enum { SHA256_SIZE = 32, SHA256_HEX_LEN = 64 };

/* SHA-256 of bytes that come piece by piece: new, any number of adds, then finish or free. */
struct sha256;

struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *hash, const void *bytes, size_t len);

/* The digest of all that was added; the hash begins anew. */
void sha256_finish(struct sha256 *hash, uint8_t out[SHA256_SIZE]);
void sha256_free(struct sha256 *hash);

/* 64 lower-case hex digits and a NUL. */
void sha256_format(const uint8_t digest[SHA256_SIZE], char out[SHA256_HEX_LEN + 1]);

/* HMAC-SHA-256 (RFC 2104). */
void digest_hmac(struct str key, struct str message, uint8_t out[SHA256_SIZE]);

/* Bytes nobody can guess. Thread-safe. */
void digest_random(void *out, size_t len);

/* Whether two blocks are equal, in a time that does not tell where they differ. */
bool digest_equal(const void *a, const void *b, size_t len);

#endif
