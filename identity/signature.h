/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures of JSON Web Signatures (RFC 7518, RFC 8037), checked: an algorithm, a key of the one
 * kind that belongs to it, a message. There is no "none", and no other way from a name to a check
 * than the table in signature.c.
 */
#ifndef IDENTITY_SIGNATURE_H
#define IDENTITY_SIGNATURE_H

#include "base/str.h"

struct jwk;

enum signature_algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EDDSA,
    SIGNATURE_ALGORITHM_COUNT
};

/* The algorithm of exactly this name, such as "RS256". False for any other. */
bool signature_algorithm_find(struct str name, enum signature_algorithm *out) MUST_CHECK;

/* "RS256". */
const char *signature_algorithm_name(enum signature_algorithm algorithm);

/* Whether a key is of the kind of an algorithm, says nothing to the contrary itself, and is long
 * enough for it. */
bool signature_fits(enum signature_algorithm algorithm, const struct jwk *key);

/* Whether the signature is the key's, over the message; false where the key does not fit. Any
 * number of threads may share a key. */
bool signature_holds(enum signature_algorithm algorithm, const struct jwk *key, struct str message,
                     struct str signature);

#endif
