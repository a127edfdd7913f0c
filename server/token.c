/* SPDX-License-Identifier: Apache-2.0
 *
 * See token.h; the rule with its reasons is in docs/downloads.md.
 */
#include "server/token.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"

enum {
    KEY_MIN_BYTES = 32,
    KEY_MAX_BYTES = 256,
    KEY_ID_MAX = 32,
    KEYS_MAX = 8,
    PAYLOAD_SIZE = 32, /* 16 + 8 + 8 */
};

/* The terminating NUL is part of the prefix: it ends the purpose. */
static const char purpose[] = "exportq-download-v1";

struct key {
    char id[KEY_ID_MAX + 1];
    struct buf secret;
};

struct keyring {
    size_t count;
    struct key keys[KEYS_MAX];
    struct key dummy; /* verified against where the key id is unknown, so that it takes as long */
};

static void make_random_key(struct key *key, const char *id)
{
    uint8_t bytes[KEY_MIN_BYTES];
    digest_random(bytes, sizeof bytes);
    (void)snprintf(key->id, sizeof key->id, "%s", id);
    buf_init(&key->secret, KEY_MAX_BYTES);
    buf_add(&key->secret, bytes, sizeof bytes);
    explicit_bzero(bytes, sizeof bytes);
}

static void forget_key(struct key *key)
{
    if (key->secret.ptr)
        explicit_bzero(key->secret.ptr, key->secret.len);
    buf_done(&key->secret);
}

static bool is_key_id(struct str id)
{
    if (id.len < 1 || id.len > KEY_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_legal = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_legal)
            return false;
    }
    return true;
}

static const struct key *find_key(const struct keyring *ring, struct str id)
{
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal(id, str_of(ring->keys[i].id)))
            return &ring->keys[i];
    return NULL;
}

static bool add_key(struct keyring *ring, struct str text, struct err *err)
{
    struct str id;
    struct str secret = str_trim(text);
    if (!str_next(&secret, ':', &id) || !is_key_id(id) || !secret.ptr)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "EXPORT_DOWNLOAD_SECRET must be id:base64 pairs, separated by commas; "
                             "an id is 1 to 32 letters, digits, '-' or '_'");
    if (find_key(ring, id) || ring->count == KEYS_MAX)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "EXPORT_DOWNLOAD_SECRET has key \"%.*s\" twice, or more than %d keys",
                             STR_ARG(id), KEYS_MAX);
    struct key *key = &ring->keys[ring->count++];
    (void)snprintf(key->id, sizeof key->id, "%.*s", STR_ARG(id));
    buf_init(&key->secret, KEY_MAX_BYTES);
    if (!base64_decode(secret, &key->secret) || key->secret.len < KEY_MIN_BYTES)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "key \"%s\" of EXPORT_DOWNLOAD_SECRET is no base64 of at least %d "
                             "bytes; make one with: openssl rand -base64 32",
                             key->id, KEY_MIN_BYTES);
    return true;
}

bool keyring_new(struct str text, struct keyring **out, struct err *err)
{
    struct keyring *ring = mem_new(struct keyring);
    make_random_key(&ring->dummy, "-");
    if (str_is_empty(text)) {
        make_random_key(&ring->keys[0], "process");
        ring->count = 1;
    }
    struct str rest = text.len ? text : (struct str){0};
    struct str pair;
    while (str_next(&rest, ',', &pair))
        if (!add_key(ring, pair, err)) {
            keyring_free(ring);
            return false;
        }
    *out = ring;
    return true;
}

void keyring_free(struct keyring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->count; i++)
        forget_key(&ring->keys[i]);
    forget_key(&ring->dummy);
    free(ring);
}

/* HMAC over purpose ‖ 0 ‖ key id ‖ 0 ‖ payload. */
static void compute_mac(const struct key *key, const char *payload, uint8_t out[SHA256_SIZE])
{
    struct buf message CLEANUP(buf_done);
    buf_init(&message, sizeof purpose + sizeof key->id + PAYLOAD_SIZE);
    buf_add(&message, purpose, sizeof purpose);
    buf_add(&message, key->id, strlen(key->id) + 1);
    buf_add(&message, payload, PAYLOAD_SIZE);
    digest_hmac(buf_str(&key->secret), buf_str(&message), out);
}

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

void token_sign(const struct keyring *ring, const struct token *token, struct buf *out)
{
    char payload[PAYLOAD_SIZE];
    memcpy(payload, token->job.bytes, sizeof token->job.bytes);
    put_int64(payload + 16, token->number);
    put_int64(payload + 24, token->expires_s);
    uint8_t mac[SHA256_SIZE];
    compute_mac(&ring->keys[0], payload, mac);
    buf_printf(out, "v1.%s.", ring->keys[0].id);
    base64url_encode(payload, sizeof payload, out);
    buf_add_char(out, '.');
    base64url_encode(mac, sizeof mac, out);
}

static bool forged(struct err *err)
{
    return err_set(err, ERR_DENIED,
                   "this download token is not one of ours; ask for one with CreateDownloadToken");
}

/* Takes the next part of a token and its bytes, which must be `size` many. */
static bool take_bytes(struct str *rest, size_t size, struct buf *out)
{
    struct str part;
    return str_next(rest, '.', &part) && base64url_decode(part, out) && out->len == size;
}

bool token_verify(const struct keyring *ring, struct str text, int64_t now_ms, struct token *out,
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
    const struct key *key = find_key(ring, id);
    uint8_t expected[SHA256_SIZE];
    compute_mac(key ? key : &ring->dummy, payload.ptr, expected);
    bool is_equal = digest_equal(expected, mac.ptr, SHA256_SIZE);
    if (!key || !is_equal)
        return forged(err);
    struct token token = {.number = get_int64(payload.ptr + 16),
                          .expires_s = get_int64(payload.ptr + 24)};
    memcpy(token.job.bytes, payload.ptr, sizeof token.job.bytes);
    if (token.expires_s * 1000 <= now_ms)
        return err_set(err, ERR_EXPIRED,
                       "this download token has expired; ask for a fresh one with "
                       "CreateDownloadToken");
    *out = token;
    return true;
}
