/* SPDX-License-Identifier: Apache-2.0
 *
 * See api_keys.h. Sorted by id.
 */
#include "identity/api_keys.h"

#include "base/mem.h"
#include "identity/bearer.h"

struct api_keys {
    struct arena arena; /* of the owners' names */
    struct api_key *keys;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct api_key *)a)->id, ((const struct api_key *)b)->id);
}

static bool add_line(struct api_keys *keys, struct str line, size_t number, struct err *err)
{
    struct err why = {0};
    struct api_key *key = &keys->keys[keys->count];
    if (!api_key_read(line, key, &why))
        return err_set_field(err, "EXPORT_API_KEYS", "the file of EXPORT_API_KEYS, line %zu: %s",
                             number, why.text);
    key->owner = arena_copy_str(&keys->arena, key->owner);
    keys->count++;
    return true;
}

static bool read_lines(struct api_keys *keys, struct str text, struct err *err)
{
    struct str rest = text;
    struct str line;
    for (size_t number = 1; str_next(&rest, '\n', &line); number++)
        if (!api_key_is_remark(line) && !add_line(keys, line, number, err))
            return false;
    qsort(keys->keys, keys->count, sizeof *keys->keys, compare);
    for (size_t i = 1; i < keys->count; i++)
        if (compare(&keys->keys[i - 1], &keys->keys[i]) == 0)
            return err_set_field(err, "EXPORT_API_KEYS",
                                 "the file of EXPORT_API_KEYS has the key %s twice; remove one",
                                 keys->keys[i].id);
    return true;
}

bool api_keys_read(struct str text, struct api_keys **out, struct err *err)
{
    struct api_keys *keys = mem_new(struct api_keys);
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    keys->keys = mem_new_array(lines, sizeof *keys->keys);
    if (!read_lines(keys, text, err)) {
        api_keys_free(keys);
        return false;
    }
    *out = keys;
    return true;
}

void api_keys_free(struct api_keys *keys)
{
    if (!keys)
        return;
    arena_done(&keys->arena);
    free(keys->keys);
    free(keys);
}

bool api_keys_find(const struct api_keys *keys, struct str presented, int64_t now_ms,
                   struct arena *arena, struct str *out_owner, bool *out_is_admin, struct err *err)
{
    static const struct api_key nobody; /* what an unknown id is compared with */
    struct api_key wanted = {.id = ""};
    struct str id;
    uint8_t hash[SHA256_SIZE];
    if (!api_key_id_of(presented, &id))
        return bearer_refuse(err);
    memcpy(wanted.id, id.ptr, id.len);
    const struct api_key *key =
        keys->count ? bsearch(&wanted, keys->keys, keys->count, sizeof *keys->keys, compare) : NULL;
    api_key_hash(presented, hash);
    bool is_equal = digest_equal(hash, (key ? key : &nobody)->hash, sizeof hash);
    if (!key || !is_equal)
        return bearer_refuse(err);
    if (api_key_has_expired(key, now_ms))
        return err_set(err, ERR_UNAUTHENTICATED, "the API key has expired; ask for a new one");
    *out_owner = arena_copy_str(arena, key->owner);
    *out_is_admin = key->is_admin;
    return true;
}
