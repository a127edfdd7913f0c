/* SPDX-License-Identifier: Apache-2.0
 *
 * See token.h; the rule with its reasons is in docs/downloads.md.
 */
#include "server/token.h"

#include "base/base64.h"

enum { PAYLOAD_SIZE = 32 /* 16 + 8 + 8 */ };

static const struct str purpose = {"exportq-download-v1", sizeof "exportq-download-v1" - 1};

static void put_int64(char *at, int64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (char)((uint64_t)value >> (56 - 8 * i) & 0xFF);
}

static int64_t get_int64(const char *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | (unsigned char)at[i];
    return (int64_t)value;
}

void token_sign(struct keyring *ring, const struct token *token, struct buf *out)
{
    char payload[PAYLOAD_SIZE];
    memcpy(payload, token->job.bytes, sizeof token->job.bytes);
    put_int64(payload + 16, token->number);
    put_int64(payload + 24, token->expires_s);
    char id[KEYRING_ID_MAX + 1];
    uint8_t mac[SHA256_SIZE];
    keyring_sign(ring, purpose, (struct str){payload, sizeof payload}, id, mac);
    buf_printf(out, "v1.%s.", id);
    base64url_encode(payload, sizeof payload, out);
    buf_add_char(out, '.');
    base64url_encode(mac, sizeof mac, out);
}

static bool forged(struct err *err)
{
    return err_set(err, ERR_DENIED,
                   "this download token is not one of ours; ask for one of the job");
}

/* Takes the next part of a token and its bytes, which must be `size` many. */
static bool take_bytes(struct str *rest, size_t size, struct buf *out)
{
    struct str part;
    return str_next(rest, '.', &part) && base64url_decode(part, out) && out->len == size;
}

bool token_verify(struct keyring *ring, struct str text, int64_t now_ms, struct token *out,
                  struct err *err)
{
    struct buf payload CLEANUP(buf_done);
    struct buf mac CLEANUP(buf_done);
    buf_init(&payload, TOKEN_MAX_BYTES);
    buf_init(&mac, TOKEN_MAX_BYTES);
    struct str rest = text;
    struct str version;
    struct str id;
    if (text.len > TOKEN_MAX_BYTES || !str_next(&rest, '.', &version) ||
        !str_equal(version, STR("v1")) || !str_next(&rest, '.', &id) ||
        !take_bytes(&rest, PAYLOAD_SIZE, &payload) || !take_bytes(&rest, SHA256_SIZE, &mac) ||
        rest.ptr)
        return forged(err);
    if (!keyring_verify(ring, purpose, buf_str(&payload), id, (const uint8_t *)mac.ptr))
        return forged(err);
    struct token token = {.number = get_int64(payload.ptr + 16),
                          .expires_s = get_int64(payload.ptr + 24)};
    memcpy(token.job.bytes, payload.ptr, sizeof token.job.bytes);
    *out = token;
    if (token.expires_s * 1000 <= now_ms)
        return err_set(err, ERR_EXPIRED, "this download token has expired; ask for a fresh one");
    return true;
}
