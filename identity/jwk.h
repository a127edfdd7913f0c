/* SPDX-License-Identifier: Apache-2.0
 *
 * One key that signatures are checked with: from a JSON Web Key (RFC 7517) or from a public key of
 * OpenSSL's. It is of one kind from the start. Only a JSON Web Key that says "oct" is ever a
 * secret.
 *
 * Errors say which key of EXPORT_JWT_KEYS is meant, by its place in the file, and what is wrong;
 * never a part of it.
 */
#ifndef IDENTITY_JWK_H
#define IDENTITY_JWK_H

#include "base/buf.h"
#include "base/err.h"
#include "identity/signature.h"

struct evp_pkey_st;
struct json_t;

enum jwk_kind { JWK_OCT, JWK_RSA, JWK_P256, JWK_P384, JWK_P521, JWK_ED25519 };

enum { JWK_OCT_MIN_BYTES = 32, JWK_RSA_MIN_BITS = 2048, JWK_RSA_MAX_BITS = 8192 };

struct jwk {
    enum jwk_kind kind;
    struct evp_pkey_st *key; /* NULL for JWK_OCT */
    struct buf secret;       /* of JWK_OCT */
    bool has_kid;
    struct buf kid;
    bool has_algorithm; /* it is for this one alone */
    enum signature_algorithm algorithm;
};

/* What became of an entry of a key set: a set may hold keys that are not for us. */
enum jwk_use { JWK_TAKEN, JWK_NOT_OURS };

/* Reads the key at `place` (from 1). JWK_NOT_OURS: of a kind, for a use or for an algorithm that no
 * signature is checked with here; *out is then untouched. ERR_INVALID: damaged, too short, or a
 * private key, which has no business on a server that only checks. */
bool jwk_from_json(const struct json_t *json, size_t place, struct jwk *out, enum jwk_use *out_use,
                   struct err *err) MUST_CHECK;

/* The same for a public key, which is taken over in any case. */
bool jwk_from_public_key(struct evp_pkey_st *key, size_t place, struct jwk *out,
                         struct err *err) MUST_CHECK;

/* Wipes it. */
void jwk_done(struct jwk *key);

/* Bytes of a coordinate of an elliptic curve's point; 0 for the other kinds. */
size_t jwk_coordinate_bytes(enum jwk_kind kind);

#endif
