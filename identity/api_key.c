/* SPDX-License-Identifier: Apache-2.0
 *
 * See api_key.h.
 */
#include "identity/api_key.h"

#include "base/base64.h"
#include "base/calendar.h"
#include "identity/name.h"

enum { SECRET_BYTES = 32, SECRET_LEN = 43, US_PER_MS = 1000 };

#define NEVER "-"

static bool is_hex(struct str text, size_t len)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9') &&
            !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    return text.len == len;
}

void api_key_make(struct api_key *key, struct buf *out_text)
{
    uint8_t id[API_KEY_ID_LEN / 2];
    uint8_t secret[SECRET_BYTES];
    digest_random(id, sizeof id);
    digest_random(secret, sizeof secret);
    for (size_t i = 0; i < sizeof id; i++)
        (void)snprintf(key->id + 2 * i, 3, "%02x", id[i]);
    buf_printf(out_text, API_KEY_PREFIX "%s_", key->id);
    base64url_encode(secret, sizeof secret, out_text);
    explicit_bzero(secret, sizeof secret);
    api_key_hash(buf_str(out_text), key->hash);
}

bool api_key_id_of(struct str text, struct str *out_id)
{
    const size_t prefix = sizeof API_KEY_PREFIX - 1;
    if (text.len != prefix + API_KEY_ID_LEN + 1 + SECRET_LEN ||
        !str_starts_with(text, STR(API_KEY_PREFIX)) || text.ptr[prefix + API_KEY_ID_LEN] != '_')
        return false;
    struct str id = {text.ptr + prefix, API_KEY_ID_LEN};
    if (!is_hex(id, API_KEY_ID_LEN))
        return false;
    *out_id = id;
    return true;
}

void api_key_hash(struct str text, uint8_t out[SHA256_SIZE])
{
    struct sha256 *hash = sha256_new();
    sha256_add(hash, text.ptr, text.len);
    sha256_finish(hash, out);
    sha256_free(hash);
}

/* ---- Lines ---- */

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool read_hash(struct str text, uint8_t out[SHA256_SIZE])
{
    if (!is_hex(text, SHA256_HEX_LEN))
        return false;
    for (size_t i = 0; i < SHA256_SIZE; i++)
        out[i] = (uint8_t)(nibble(text.ptr[2 * i]) * 16 + nibble(text.ptr[2 * i + 1]));
    return true;
}

static bool read_time(struct str text, int64_t *out_ms)
{
    int64_t us = 0;
    if (!calendar_parse_timestamp(text, &us))
        return false;
    *out_ms = us / US_PER_MS;
    return true;
}

static bool refuse(const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "%s; a line is: ID SHA256 owner|admin CREATED EXPIRES|- OWNER, as exportqd keys "
                   "add writes it",
                   what);
}

bool api_key_read(struct str line, struct api_key *out, struct err *err)
{
    struct api_key key = {.expires_ms = 0};
    struct str rest = line;
    struct str part[5] = {{0}};
    for (size_t i = 0; i < COUNT_OF(part); i++)
        if (!str_next(&rest, ' ', &part[i]))
            return refuse("it has fewer than six parts", err);
    if (!is_hex(part[0], API_KEY_ID_LEN))
        return refuse("it does not begin with an id", err);
    (void)snprintf(key.id, sizeof key.id, "%.*s", STR_ARG(part[0]));
    if (!read_hash(part[1], key.hash))
        return refuse("its second part is no SHA-256", err);
    key.is_admin = str_equal(part[2], STR("admin"));
    if (!key.is_admin && !str_equal(part[2], STR("owner")))
        return refuse("its third part is neither owner nor admin", err);
    if (!read_time(part[3], &key.created_ms) ||
        (!str_equal(part[4], STR(NEVER)) && !read_time(part[4], &key.expires_ms)))
        return refuse("its times are none", err);
    if (!rest.ptr || !name_is_legal(rest))
        return refuse("its owner is no legal name", err);
    key.owner = rest;
    *out = key;
    return true;
}

void api_key_write(const struct api_key *key, struct buf *out)
{
    char hash[SHA256_HEX_LEN + 1];
    char created[CALENDAR_TEXT_SIZE];
    char expires[CALENDAR_TEXT_SIZE] = NEVER;
    sha256_format(key->hash, hash);
    (void)calendar_format_timestamp(key->created_ms * US_PER_MS, created);
    if (key->expires_ms)
        (void)calendar_format_timestamp(key->expires_ms * US_PER_MS, expires);
    buf_printf(out, "%s %s %s %s %s %.*s\n", key->id, hash, key->is_admin ? "admin" : "owner",
               created, expires, STR_ARG(key->owner));
}

bool api_key_has_expired(const struct api_key *key, int64_t now_ms)
{
    return key->expires_ms && now_ms >= key->expires_ms;
}

bool api_key_is_remark(struct str line)
{
    struct str text = str_trim(line);
    return text.len == 0 || text.ptr[0] == '#';
}
