/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_keys.h.
 */
#include "files/s3_keys.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/reloaded.h"

enum { KEY_MAX = 4096 };

/* A key and the memory of its texts. */
struct kept {
    struct s3_key key;
    struct buf texts[3];
};

/* One of the two is NULL. */
struct s3_keys {
    struct kept *fixed;
    struct reloaded *files;
};

static bool require_key(struct str key, const char *name, struct err *err)
{
    bool is_clean = key.len < KEY_MAX;
    for (size_t i = 0; i < key.len; i++)
        is_clean = is_clean && key.ptr[i] > ' ' && key.ptr[i] < 0x7F;
    if (key.len && is_clean)
        return true;
    return err_set_field(err, name,
                         "%s is %s; a store in s3: takes AWS_ACCESS_KEY_ID and "
                         "AWS_SECRET_ACCESS_KEY, or files with them in NAME_FILE",
                         name, key.len ? "no such key" : "not set");
}

static bool check(const struct s3_key *key, struct err *err)
{
    return require_key(key->access_key, "AWS_ACCESS_KEY_ID", err) &&
           require_key(key->secret_key, "AWS_SECRET_ACCESS_KEY", err) &&
           (str_is_empty(key->session_token) ||
            require_key(key->session_token, "AWS_SESSION_TOKEN", err));
}

bool s3_keys_check(const struct files_s3 *settings, struct err *err)
{
    const struct s3_key key = {settings->access_key, settings->secret_key, settings->session_token};
    return check(&key, err);
}

static struct str keep(struct buf *buf, struct str text)
{
    buf_init(buf, KEY_MAX);
    buf_add_str(buf, text);
    return buf->ptr ? buf_str(buf) : STR("");
}

static void forget(void *value)
{
    struct kept *kept = value;
    for (size_t i = 0; kept && i < COUNT_OF(kept->texts); i++) {
        if (kept->texts[i].ptr)
            explicit_bzero(kept->texts[i].ptr, kept->texts[i].len);
        buf_done(&kept->texts[i]);
    }
    free(kept);
}

static bool make(const struct s3_key *key, struct kept **out, struct err *err)
{
    if (!check(key, err))
        return false;
    struct kept *kept = mem_new(struct kept);
    kept->key = (struct s3_key){keep(&kept->texts[0], key->access_key),
                                keep(&kept->texts[1], key->secret_key),
                                keep(&kept->texts[2], key->session_token)};
    *out = kept;
    return true;
}

static bool read_two(const struct str *texts, void **out, struct err *err)
{
    const struct s3_key key = {str_trim(texts[0]), str_trim(texts[1]), {0}};
    return make(&key, (struct kept **)out, err);
}

static bool read_three(const struct str *texts, void **out, struct err *err)
{
    const struct s3_key key = {str_trim(texts[0]), str_trim(texts[1]), str_trim(texts[2])};
    return make(&key, (struct kept **)out, err);
}

/* They are kept in step only if all of them are in files. */
static size_t count_files(const struct files_s3 *settings)
{
    bool has_token = !str_is_empty(settings->session_token);
    if (!settings->key_files[0] || !settings->key_files[1] ||
        has_token != (settings->key_files[2] != NULL))
        return 0;
    return has_token ? 3 : 2;
}

bool s3_keys_open(const struct files_s3 *settings, struct s3_keys **out, struct err *err)
{
    const struct s3_key key = {settings->access_key, settings->secret_key, settings->session_token};
    size_t count = count_files(settings);
    const struct reloaded_kind kind = {
        count == 2 ? read_two : read_three,
        forget,
        settings->told,
        {"AWS_ACCESS_KEY_ID_FILE", "AWS_SECRET_ACCESS_KEY_FILE", "AWS_SESSION_TOKEN_FILE"}};
    struct s3_keys *keys = mem_new(struct s3_keys);
    bool is_open = count ? reloaded_new(&kind, settings->key_files, count, &keys->files, err)
                         : make(&key, &keys->fixed, err);
    if (is_open)
        *out = keys;
    else
        free(keys);
    return is_open;
}

void s3_keys_close(struct s3_keys *keys)
{
    if (!keys)
        return;
    forget(keys->fixed);
    reloaded_free(keys->files);
    free(keys);
}

const struct s3_key *s3_keys_hold(struct s3_keys *keys)
{
    const struct kept *kept = keys->files ? reloaded_hold(keys->files, NULL) : keys->fixed;
    return &kept->key;
}

void s3_keys_release(struct s3_keys *keys)
{
    if (keys->files)
        reloaded_release(keys->files);
}
