/* SPDX-License-Identifier: Apache-2.0
 *
 * Download tokens: `v1.KID.PAYLOAD.MAC`. PAYLOAD is job id, token number and expiry (seconds); MAC
 * is by key KID (server/keyring.h). A token proves
 * that we made it and until when it holds; whether it is spent is the store's to say.
 */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "server/keyring.h"

enum { TOKEN_MAX_BYTES = 200 };

struct token {
    struct uuid job;
    int64_t number;
    int64_t expires_s; /* since 1970 */
};

/* Appends the text of a token, signed with the first key. */
void token_sign(struct keyring *ring, const struct token *token, struct buf *out);

/* ERR_DENIED, one and the same answer, for a bad form, an unknown key and a bad MAC; only when the
 * MAC holds, ERR_EXPIRED at `now_ms`, and *out is then what the token says. */
bool token_verify(struct keyring *ring, struct str text, int64_t now_ms, struct token *out,
                  struct err *err) MUST_CHECK;

#endif
