/* SPDX-License-Identifier: Apache-2.0
 *
 * See keyring.h.
 */
#include "server/keyring.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/reloaded.h"

enum {
    KEY_MIN_BYTES = 32,
    KEY_MAX_BYTES = 256,
    KEYS_MAX = 8,
    MESSAGE_MAX_BYTES = 512,
};

struct key {
    char id[KEYRING_ID_MAX + 1];
    struct buf secret;
};

struct keys {
    size_t count;
    struct key keys[KEYS_MAX];
    struct key dummy; /* verified against where the key id is unknown, so that it takes as long */
};

/* One of the two is NULL. */
struct keyring {
    struct keys *fixed;
    struct reloaded *file;
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
    if (id.len < 1 || id.len > KEYRING_ID_MAX)
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

static const struct key *find_key(const struct keys *keys, struct str id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_equal(id, str_of(keys->keys[i].id)))
            return &keys->keys[i];
    return NULL;
}

static bool add_key(struct keys *keys, struct str text, struct err *err)
{
    struct str id;
    struct str secret = str_trim(text);
    if (!str_next(&secret, ':', &id) || !is_key_id(id) || !secret.ptr)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "EXPORT_DOWNLOAD_SECRET must be id:base64 pairs, separated by commas; "
                             "an id is 1 to 32 letters, digits, '-' or '_'; make one with: echo "
                             "k1:$(openssl rand -base64 32)");
    if (find_key(keys, id) || keys->count == KEYS_MAX)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "EXPORT_DOWNLOAD_SECRET has key \"%.*s\" twice, or more than %d keys",
                             STR_ARG(id), KEYS_MAX);
    struct key *key = &keys->keys[keys->count++];
    (void)snprintf(key->id, sizeof key->id, "%.*s", STR_ARG(id));
    buf_init(&key->secret, KEY_MAX_BYTES);
    if (!base64_decode(secret, &key->secret) || key->secret.len < KEY_MIN_BYTES)
        return err_set_field(err, "EXPORT_DOWNLOAD_SECRET",
                             "key \"%s\" of EXPORT_DOWNLOAD_SECRET is no base64 of at least %d "
                             "bytes; make one with: openssl rand -base64 32",
                             key->id, KEY_MIN_BYTES);
    return true;
}

static void keys_free(void *value)
{
    struct keys *keys = value;
    for (size_t i = 0; i < keys->count; i++)
        forget_key(&keys->keys[i]);
    forget_key(&keys->dummy);
    free(keys);
}

static struct keys *keys_new(void)
{
    struct keys *keys = mem_new(struct keys);
    make_random_key(&keys->dummy, "-");
    return keys;
}

static struct keys *random_keys(void)
{
    struct keys *keys = keys_new();
    make_random_key(&keys->keys[0], "process");
    keys->count = 1;
    return keys;
}

/* As a reloaded_kind reads it. */
static bool read_keys(const struct str *text, void **out, struct err *err)
{
    struct keys *keys = keys_new();
    struct str rest = str_trim(*text);
    struct str pair;
    do {
        if (!str_next(&rest, ',', &pair))
            pair = STR("");
        if (!add_key(keys, pair, err)) {
            keys_free(keys);
            return false;
        }
    } while (rest.ptr);
    *out = keys;
    return true;
}

bool keyring_new(struct str text, struct keyring **out, struct err *err)
{
    void *keys = NULL;
    if (str_is_empty(text))
        keys = random_keys();
    else if (!read_keys(&text, &keys, err))
        return false;
    *out = mem_new(struct keyring);
    (*out)->fixed = keys;
    return true;
}

bool keyring_open(const char *path, void (*told)(const char *path, const struct err *failure),
                  struct keyring **out, struct err *err)
{
    const struct reloaded_kind kind = {read_keys, keys_free, told, {"EXPORT_DOWNLOAD_SECRET_FILE"}};
    struct reloaded *file = NULL;
    if (!reloaded_new(&kind, &path, 1, &file, err))
        return false;
    *out = mem_new(struct keyring);
    (*out)->file = file;
    return true;
}

void keyring_free(struct keyring *ring)
{
    if (!ring)
        return;
    if (ring->fixed)
        keys_free(ring->fixed);
    reloaded_free(ring->file);
    free(ring);
}

static const struct keys *hold(struct keyring *ring)
{
    return ring->file ? reloaded_hold(ring->file, NULL) : ring->fixed;
}

static void release(struct keyring *ring)
{
    if (ring->file)
        reloaded_release(ring->file);
}

static void compute_mac(const struct key *key, struct str purpose, struct str payload,
                        uint8_t out[SHA256_SIZE])
{
    struct buf message CLEANUP(buf_done);
    buf_init(&message, MESSAGE_MAX_BYTES);
    buf_add_str(&message, purpose);
    buf_add_char(&message, '\0');
    buf_add(&message, key->id, strlen(key->id) + 1);
    buf_add_str(&message, payload);
    digest_hmac(buf_str(&key->secret), buf_str(&message), out);
}

void keyring_sign(struct keyring *ring, struct str purpose, struct str payload,
                  char out_id[KEYRING_ID_MAX + 1], uint8_t out_mac[SHA256_SIZE])
{
    const struct key *key = &hold(ring)->keys[0];
    (void)snprintf(out_id, KEYRING_ID_MAX + 1, "%s", key->id);
    compute_mac(key, purpose, payload, out_mac);
    release(ring);
}

bool keyring_verify(struct keyring *ring, struct str purpose, struct str payload, struct str id,
                    const uint8_t mac[SHA256_SIZE])
{
    const struct keys *keys = hold(ring);
    const struct key *key = find_key(keys, id);
    uint8_t expected[SHA256_SIZE];
    compute_mac(key ? key : &keys->dummy, purpose, payload, expected);
    release(ring);
    bool is_equal = digest_equal(expected, mac, SHA256_SIZE);
    return key && is_equal;
}
