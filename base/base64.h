/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 (RFC 4648): the URL-safe alphabet without padding, for tokens; the standard one with
 * padding, for keys in settings.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Adds the URL-safe form of the bytes, without padding. */
void base64url_encode(const void *bytes, size_t len, struct buf *out);

/* Adds the bytes behind a URL-safe text without padding. False for any other character, an
 * impossible length, or stray bits in the last digit; `out` then holds nothing usable. */
bool base64url_decode(struct str text, struct buf *out) MUST_CHECK;

/* Adds the standard form of the bytes, with padding. */
void base64_encode(const void *bytes, size_t len, struct buf *out);

/* Adds the bytes behind a standard text; padding may be left out. False as above. */
bool base64_decode(struct str text, struct buf *out) MUST_CHECK;

#endif
