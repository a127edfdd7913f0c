/* SPDX-License-Identifier: Apache-2.0
 *
 * An issuer of tokens, for tests: a key of its own for one algorithm, the key as a JSON Web Key or
 * PEM, and tokens of any header and claims, signed with it. What it is asked for it makes, however
 * wrong it is.
 */
#ifndef TESTS_SUPPORT_SIGNER_H
#define TESTS_SUPPORT_SIGNER_H

#include "base/buf.h"
#include "identity/signature.h"

enum { SIGNER_SECRET_BYTES = 64, SIGNER_TOKEN_MAX = 64 * 1024 };

struct evp_pkey_st;

struct signer {
    enum signature_algorithm algorithm;
    struct evp_pkey_st *key; /* NULL for HS… */
    uint8_t secret[SIGNER_SECRET_BYTES];
};

void signer_init(struct signer *signer, enum signature_algorithm algorithm);
void signer_init_rsa(struct signer *signer, unsigned bits);
void signer_done(struct signer *signer);

/* The public key as a JSON object, with more members if wanted: ",\"kid\":\"k1\"". */
void signer_add_jwk(const struct signer *signer, const char *more, struct buf *out);

/* The same with its private part. */
void signer_add_private_jwk(const struct signer *signer, struct buf *out);

/* "PUBLIC KEY"; and as PKCS#1, PKCS#8 or a certificate. */
void signer_add_pem(const struct signer *signer, struct buf *out);
void signer_add_rsa_pem(const struct signer *signer, struct buf *out);
void signer_add_private_pem(const struct signer *signer, struct buf *out);
void signer_add_certificate(const struct signer *signer, struct buf *out);

/* Adds the signature of a message, in the bytes of a JWS. */
void signer_sign(const struct signer *signer, struct str message, struct buf *out);

/* Adds a token of these texts. */
void signer_add_token(const struct signer *signer, const char *header, const char *claims,
                      struct buf *out);

/* "HEADER.CLAIMS." in base64url, for what is signed otherwise. */
void signer_add_parts(struct str header, struct str claims, struct buf *out);

#endif
