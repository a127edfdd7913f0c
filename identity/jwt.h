/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens (RFC 7519, RFC 8725) in the compact form of a JSON Web Signature: who a token is
 * for, if it holds. Nothing a token says is followed or believed before its signature held under a
 * key of ours: not its algorithm, for the key decides that, and none of its URLs, ever.
 */
#ifndef IDENTITY_JWT_H
#define IDENTITY_JWT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

struct jwks;

/* What a token has to say; texts and clock outlive the rules. */
struct jwt_rules {
    struct str issuer;   /* "iss" has to be this; empty: any */
    struct str audience; /* "aud" has to name this; empty: there must be none (RFC 7519, 4.1.3) */
    struct str owner_claim; /* names the owner, as "sub" does */
    struct str role_claim;  /* a role, or an array of them */
    struct str admin_role;  /* the one of an admin */
    int64_t skew_ms;        /* how far the issuer's clock may be off */
    const struct clock *clock;
};

/* Whom a token is for. */
struct jwt_holder {
    struct str owner;
    bool is_admin;
};

/* Checks a token; texts of *out are in the arena. ERR_UNAUTHENTICATED: bearer_refuse() until the
 * signature holds; only then what is wrong: expired, not valid yet, another issuer or audience, no
 * owner. Never a part of the token. Thread-safe. */
bool jwt_check(const struct jwks *keys, const struct jwt_rules *rules, struct str token,
               struct arena *arena, struct jwt_holder *out, struct err *err) MUST_CHECK;

#endif
