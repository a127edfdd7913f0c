/* SPDX-License-Identifier: Apache-2.0
 *
 * See signature.h.
 */
#include "webhook/signature.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/reloaded.h"

#include <inttypes.h>

enum { SECRETS_MAX = 8, SECRET_MIN_BYTES = 24, SECRET_MAX_BYTES = 64, DECODED_MAX_BYTES = 256 };

struct secrets {
    size_t count;
    struct buf secrets[SECRETS_MAX];
};

/* One of the two is NULL. */
struct webhook_secrets {
    struct secrets *fixed;
    struct reloaded *file;
};

static void secrets_free(void *value)
{
    struct secrets *secrets = value;
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->secrets[i].ptr)
            explicit_bzero(secrets->secrets[i].ptr, secrets->secrets[i].len);
        buf_done(&secrets->secrets[i]);
    }
    free(secrets);
}

static bool add_secret(struct secrets *secrets, struct str text, struct err *err)
{
    static const char prefix[] = "whsec_";
    const size_t len = sizeof prefix - 1;
    if (secrets->count == SECRETS_MAX)
        return err_set_field(err, "EXPORT_WEBHOOK_SECRET",
                             "EXPORT_WEBHOOK_SECRET has more than %d secrets", SECRETS_MAX);
    struct buf *secret = &secrets->secrets[secrets->count++];
    buf_init(secret, DECODED_MAX_BYTES);
    bool is_named = str_starts_with(text, STR("whsec_"));
    struct str base64 = {text.ptr + (is_named ? len : 0), text.len - (is_named ? len : 0)};
    if (!is_named || !base64_decode(base64, secret) || secret->len < SECRET_MIN_BYTES ||
        secret->len > SECRET_MAX_BYTES)
        return err_set_field(err, "EXPORT_WEBHOOK_SECRET",
                             "secret %zu of EXPORT_WEBHOOK_SECRET is not whsec_ and base64 of %d "
                             "to %d bytes; make one with: echo whsec_$(openssl rand -base64 32)",
                             secrets->count, SECRET_MIN_BYTES, SECRET_MAX_BYTES);
    return true;
}

/* As a reloaded_kind reads it. */
static bool read_secrets(const struct str *text, void **out, struct err *err)
{
    struct secrets *secrets = mem_new(struct secrets);
    struct str rest = str_trim(*text);
    struct str one;
    bool is_ok = true;
    while (is_ok && str_next(&rest, ',', &one))
        is_ok = add_secret(secrets, str_trim(one), err);
    if (!is_ok) {
        secrets_free(secrets);
        return false;
    }
    *out = secrets;
    return true;
}

bool webhook_secrets_new(struct str text, struct webhook_secrets **out, struct err *err)
{
    void *secrets = NULL;
    if (!read_secrets(&text, &secrets, err))
        return false;
    *out = mem_new(struct webhook_secrets);
    (*out)->fixed = secrets;
    return true;
}

bool webhook_secrets_open(const char *path,
                          void (*told)(const char *path, const struct err *failure),
                          struct webhook_secrets **out, struct err *err)
{
    const struct reloaded_kind kind = {
        read_secrets, secrets_free, told, {"EXPORT_WEBHOOK_SECRET_FILE"}};
    struct reloaded *file = NULL;
    if (!reloaded_new(&kind, &path, 1, &file, err))
        return false;
    *out = mem_new(struct webhook_secrets);
    (*out)->file = file;
    return true;
}

void webhook_secrets_free(struct webhook_secrets *secrets)
{
    if (!secrets)
        return;
    if (secrets->fixed)
        secrets_free(secrets->fixed);
    reloaded_free(secrets->file);
    free(secrets);
}

static void sign(const struct secrets *secrets, struct str message, struct buf *out)
{
    for (size_t i = 0; i < secrets->count; i++) {
        uint8_t mac[SHA256_SIZE];
        digest_hmac(buf_str(&secrets->secrets[i]), message, mac);
        buf_add_text(out, i ? " v1," : "v1,");
        base64_encode(mac, sizeof mac, out);
    }
}

void webhook_sign(const struct webhook_secrets *secrets, struct str id, int64_t seconds,
                  struct str body, struct buf *out)
{
    struct buf message CLEANUP(buf_done);
    buf_init(&message, id.len + body.len + 64);
    buf_printf(&message, "%.*s.%" PRId64 ".", STR_ARG(id), seconds);
    buf_add_str(&message, body);
    sign(secrets->file ? reloaded_hold(secrets->file, NULL) : secrets->fixed, buf_str(&message),
         out);
    if (secrets->file)
        reloaded_release(secrets->file);
}
