/* SPDX-License-Identifier: Apache-2.0
 *
 * See jwks.h. What a file is, its first character says: '{' begins JSON, and only JSON can hold a
 * secret; all else has to be PEM.
 */
#include "base/mem.h"
#include "identity/jwks_parts.h"

#include <jansson.h>

bool jwks_refuse_many(struct err *err)
{
    return err_set_field(err, "EXPORT_JWT_KEYS",
                         "the file of EXPORT_JWT_KEYS has more than %d keys; leave those out that "
                         "sign no longer",
                         JWKS_MAX_KEYS);
}

static bool read_entries(struct jwks *keys, const json_t *entries, struct err *err)
{
    for (size_t i = 0; i < json_array_size(entries); i++) {
        enum jwk_use use = JWK_NOT_OURS;
        if (keys->count == JWKS_MAX_KEYS)
            return jwks_refuse_many(err);
        if (!jwk_from_json(json_array_get(entries, i), i + 1, &keys->keys[keys->count], &use, err))
            return false;
        keys->count += use == JWK_TAKEN;
    }
    return true;
}

static bool read_object(struct jwks *keys, const json_t *object, struct err *err)
{
    enum jwk_use use = JWK_NOT_OURS;
    const json_t *entries = json_object_get(object, "keys");
    if (json_is_array(entries))
        return read_entries(keys, entries, err);
    if (entries || !json_object_get(object, "kty"))
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "the file of EXPORT_JWT_KEYS is JSON, but neither a key set, "
                             "{\"keys\": [...]}, nor a key with a \"kty\" (RFC 7517)");
    if (!jwk_from_json(object, 1, &keys->keys[0], &use, err))
        return false;
    keys->count = use == JWK_TAKEN;
    return true;
}

static bool read_json(struct jwks *keys, struct str text, struct err *err)
{
    json_error_t reason;
    json_t *object = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &reason);
    if (!object)
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "the file of EXPORT_JWT_KEYS is no JSON, in its line %d", reason.line);
    bool is_read = read_object(keys, object, err);
    json_decref(object);
    return is_read;
}

bool jwks_read(struct str text, struct jwks **out, struct err *err)
{
    struct jwks *keys = mem_new(struct jwks);
    struct str trimmed = str_trim(text);
    bool is_json = trimmed.len && trimmed.ptr[0] == '{';
    bool is_read = is_json ? read_json(keys, trimmed, err) : jwks_read_pem(keys, trimmed, err);
    if (is_read && keys->count == 0)
        is_read = err_set_field(err, "EXPORT_JWT_KEYS",
                                "the file of EXPORT_JWT_KEYS has no key that tokens can be checked "
                                "with: give a JSON Web Key Set, or PEM with public keys");
    if (!is_read) {
        jwks_free(keys);
        return false;
    }
    *out = keys;
    return true;
}

void jwks_free(struct jwks *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        jwk_done(&keys->keys[i]);
    free(keys);
}

static bool is_meant(const struct jwk *key, struct str kid)
{
    return !kid.ptr || !key->has_kid || str_equal(kid, buf_str(&key->kid));
}

bool jwks_holds(const struct jwks *keys, enum signature_algorithm algorithm, struct str kid,
                struct str message, struct str signature)
{
    size_t tried = 0;
    for (size_t i = 0; i < keys->count && tried < JWKS_MAX_TRIED; i++) {
        const struct jwk *key = &keys->keys[i];
        if (!is_meant(key, kid) || !signature_fits(algorithm, key))
            continue;
        tried++;
        if (signature_holds(algorithm, key, message, signature))
            return true;
    }
    return false;
}
