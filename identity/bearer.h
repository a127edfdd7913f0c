/* SPDX-License-Identifier: Apache-2.0
 *
 * Bearer tokens (RFC 6750): what the authorization header holds, and the one answer to what is not
 * valid, so that no answer tells why.
 */
#ifndef IDENTITY_BEARER_H
#define IDENTITY_BEARER_H

#include "base/err.h"
#include "base/str.h"

enum { BEARER_MAX_BYTES = 8 * 1024 };

/* The token of "Bearer TOKEN", a view into the header. ERR_UNAUTHENTICATED for another scheme, for
 * what has no token's characters (two headers joined by a comma, say), and for one over
 * BEARER_MAX_BYTES. */
bool bearer_read(struct str authorization, struct str *out, struct err *err) MUST_CHECK;

/* ERR_UNAUTHENTICATED: a bad form, an unknown key, a signature that does not hold. Returns false.
 */
bool bearer_refuse(struct err *err);

#endif
