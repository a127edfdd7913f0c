/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that tokens are checked with, from one file: a JSON Web Key Set or a single JSON Web Key
 * (RFC 7517), or PEM with public keys and certificates. Immutable once read; any thread.
 *
 * From a set, keys for other uses, kinds and algorithms are left out, as the RFC wishes; a damaged
 * or weak key or a private one refuses the whole file, so that nobody finds out by refused callers.
 */
#ifndef IDENTITY_JWKS_H
#define IDENTITY_JWKS_H

#include "base/err.h"
#include "identity/signature.h"

enum { JWKS_MAX_KEYS = 64, JWKS_MAX_TRIED = 16 };

struct jwks;

/* ERR_INVALID in EXPORT_JWT_KEYS. The text may be wiped afterwards. */
bool jwks_read(struct str text, struct jwks **out, struct err *err) MUST_CHECK;

/* Wipes them. NULL is fine. */
void jwks_free(struct jwks *keys);

/* Whether a signature is of one of the keys: of those with this kid and those that have none; of
 * all that fit the algorithm when `kid` has no pointer. At most JWKS_MAX_TRIED are tried. */
bool jwks_holds(const struct jwks *keys, enum signature_algorithm algorithm, struct str kid,
                struct str message, struct str signature);

#endif
