/* SPDX-License-Identifier: Apache-2.0
 *
 * The API keys that a server takes: those of a file, which exportqd keys keeps (server/keys.h).
 * Immutable once read; any thread.
 */
#ifndef IDENTITY_API_KEYS_H
#define IDENTITY_API_KEYS_H

#include "identity/api_key.h"

struct api_keys;

/* ERR_INVALID names the line; an id that is there twice is one, too. The text may be wiped
 * afterwards. */
bool api_keys_read(struct str text, struct api_keys **out, struct err *err) MUST_CHECK;

/* NULL is fine. */
void api_keys_free(struct api_keys *keys);

/* Whose key it is, at that time; *out_owner is in the arena. ERR_UNAUTHENTICATED, one and the same
 * for what is no key, an id that nobody has and a wrong secret, in a time that does not tell them
 * apart; only a key that holds is told that it has expired. Never a part of the key. */
bool api_keys_find(const struct api_keys *keys, struct str presented, int64_t now_ms,
                   struct arena *arena, struct str *out_owner, bool *out_is_admin,
                   struct err *err) MUST_CHECK;

#endif
