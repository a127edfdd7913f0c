/* SPDX-License-Identifier: Apache-2.0
 *
 * How a delivery is signed (Standard Webhooks 1.0): HMAC-SHA-256 over "ID.SECONDS.BODY", once by
 * each secret, so that receivers may exchange theirs while both hold.
 */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include "base/buf.h"
#include "base/err.h"

struct webhook_secrets;

/* "whsec_BASE64,whsec_BASE64", newest first, each 24 to 64 bytes. ERR_INVALID in
 * EXPORT_WEBHOOK_SECRET says which, never what it is. */
bool webhook_secrets_new(struct str text, struct webhook_secrets **out, struct err *err) MUST_CHECK;

/* The same from a file, white space around it is nothing, which is read anew when it is replaced
 * (base/reloaded.h); `told` (may be NULL) hears of that. */
bool webhook_secrets_open(const char *path,
                          void (*told)(const char *path, const struct err *failure),
                          struct webhook_secrets **out, struct err *err) MUST_CHECK;

/* NULL is fine. */
void webhook_secrets_free(struct webhook_secrets *secrets);

/* Adds the value of webhook-signature: "v1,BASE64" by each secret, with blanks between. */
void webhook_sign(const struct webhook_secrets *secrets, struct str id, int64_t seconds,
                  struct str body, struct buf *out);

#endif
