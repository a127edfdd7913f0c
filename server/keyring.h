/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that sign: the first signs, all verify, so that keys can be exchanged while what was
 * signed with the older ones still holds: a new key comes behind the old one first, so that all
 * servers know it before any signs with it; then before it; then the old one goes, once what it
 * signed has expired.
 */
#ifndef SERVER_KEYRING_H
#define SERVER_KEYRING_H

#include "base/digest.h"
#include "base/err.h"

enum { KEYRING_ID_MAX = 32 };

/* Any thread. */
struct keyring;

/* "id:base64,id:base64", each key 32 bytes or more, each id 1 to 32 of [A-Za-z0-9_-]; an empty text
 * makes one random key, good for this process. Errors name the key's id, never the key. */
bool keyring_new(struct str text, struct keyring **out, struct err *err) MUST_CHECK;

/* The same from a file, white space around it is nothing, which is read anew when it is replaced
 * (base/reloaded.h); `told` (may be NULL) hears of that. */
bool keyring_open(const char *path, void (*told)(const char *path, const struct err *failure),
                  struct keyring **out, struct err *err) MUST_CHECK;

void keyring_free(struct keyring *ring);

/* HMAC-SHA-256 by the first key over purpose, NUL, the key's id, NUL and the payload. The purpose
 * keeps what is signed for one use from being taken for another. */
void keyring_sign(struct keyring *ring, struct str purpose, struct str payload,
                  char out_id[KEYRING_ID_MAX + 1], uint8_t out_mac[SHA256_SIZE]);

/* Whether the key of this id made the MAC, in a time that tells neither where it differs nor
 * whether there is such a key. */
bool keyring_verify(struct keyring *ring, struct str purpose, struct str payload, struct str id,
                    const uint8_t mac[SHA256_SIZE]);

#endif
