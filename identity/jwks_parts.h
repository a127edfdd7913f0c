/* SPDX-License-Identifier: Apache-2.0
 *
 * For jwks*.c only: what a set is made of.
 */
#ifndef IDENTITY_JWKS_PARTS_H
#define IDENTITY_JWKS_PARTS_H

#include "identity/jwk.h"
#include "identity/jwks.h"

struct jwks {
    size_t count;
    struct jwk keys[JWKS_MAX_KEYS];
};

/* Adds every key of a PEM text. */
bool jwks_read_pem(struct jwks *keys, struct str text, struct err *err) MUST_CHECK;

/* ERR_INVALID: there are more keys than fit. Returns false. */
bool jwks_refuse_many(struct err *err);

#endif
