/* SPDX-License-Identifier: Apache-2.0
 *
 * See identity.h.
 */
#include "identity/identity.h"

#include "base/mem.h"
#include "base/reloaded.h"
#include "identity/api_keys.h"
#include "identity/bearer.h"
#include "identity/jwks.h"

#include <assert.h>
#include <unistd.h>

enum method { METHOD_JWT, METHOD_KEY, METHOD_MTLS };

static const char *const method_names[] = {
    [METHOD_JWT] = "jwt",
    [METHOD_KEY] = "key",
    [METHOD_MTLS] = "mtls",
};

struct identity {
    struct arena arena;        /* of the texts */
    unsigned methods;          /* bits of enum method; 0: open */
    struct reloaded *jwt_keys; /* struct jwks */
    struct reloaded *api_keys; /* struct api_keys */
    struct jwt_rules jwt;
    struct str mtls_admins;
};

static bool has(const struct identity *identity, enum method method)
{
    return identity->methods & BIT(method);
}

/* ---- Settings ---- */

static bool find_method(struct str name, enum method *out)
{
    for (size_t i = 0; i < COUNT_OF(method_names); i++)
        if (str_equal(name, str_of(method_names[i]))) {
            *out = (enum method)i;
            return true;
        }
    return false;
}

static bool read_methods(struct str text, unsigned *out, struct err *err)
{
    struct str rest = text;
    struct str name;
    enum method method = METHOD_JWT;
    unsigned methods = 0;
    bool is_legal = true;
    if (str_equal(str_trim(text), STR("none"))) {
        *out = 0;
        return true;
    }
    while (is_legal && str_next(&rest, ',', &name)) {
        is_legal = find_method(str_trim(name), &method);
        methods |= BIT(method);
    }
    *out = methods;
    return (is_legal && methods) ||
           err_set_field(
               err, "EXPORT_AUTH",
               "EXPORT_AUTH is \"%.*s\"; it takes none, or any of jwt, key and mtls, with "
               "commas between",
               STR_ARG(text));
}

bool identity_needs_api_keys(struct str methods)
{
    unsigned read = 0;
    struct err ignored = {0}; /* identity_new will tell */
    return read_methods(methods, &read, &ignored) && (read & BIT(METHOD_KEY));
}

static bool read_jwks(const struct str *texts, void **out, struct err *err)
{
    struct jwks *keys = NULL;
    if (!jwks_read(texts[0], &keys, err))
        return false;
    *out = keys;
    return true;
}

static void free_jwks(void *keys)
{
    jwks_free(keys);
}

static bool read_api_keys(const struct str *texts, void **out, struct err *err)
{
    struct api_keys *keys = NULL;
    if (!api_keys_read(texts[0], &keys, err))
        return false;
    *out = keys;
    return true;
}

static void free_api_keys(void *keys)
{
    api_keys_free(keys);
}

static bool open_jwt(struct identity *identity, const struct identity_options *options,
                     struct err *err)
{
    if (!has(identity, METHOD_JWT))
        return true;
    if (str_is_empty(options->jwt_keys))
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "EXPORT_AUTH=jwt needs the issuer's public keys: save its JSON Web "
                             "Key Set, or a public key as PEM, and give EXPORT_JWT_KEYS=FILE");
    const struct reloaded_kind kind = {read_jwks, free_jwks, options->told, {"EXPORT_JWT_KEYS"}};
    const char *path = arena_copy_text(&identity->arena, options->jwt_keys);
    return reloaded_new(&kind, &path, 1, &identity->jwt_keys, err);
}

static bool open_api_keys(struct identity *identity, const struct identity_options *options,
                          struct err *err)
{
    const struct reloaded_kind kind = {
        read_api_keys, free_api_keys, options->told, {"EXPORT_API_KEYS"}};
    const char *path = arena_copy_text(&identity->arena, options->api_keys);
    if (!has(identity, METHOD_KEY))
        return true;
    if (access(path, F_OK) != 0)
        return err_set_field(
            err, "EXPORT_API_KEYS",
            "EXPORT_AUTH has key, and there are no API keys yet; make the first with: "
            "EXPORT_API_KEYS=%s exportqd keys add --owner NAME",
            path);
    return reloaded_new(&kind, &path, 1, &identity->api_keys, err);
}

static bool check_rules(const struct jwt_rules *rules, struct err *err)
{
    static const char *const fields[] = {"EXPORT_JWT_OWNER_CLAIM", "EXPORT_JWT_ROLE_CLAIM",
                                         "EXPORT_JWT_ADMIN_ROLE"};
    const struct str texts[] = {rules->owner_claim, rules->role_claim, rules->admin_role};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (str_is_empty(texts[i]))
            return err_set_field(err, fields[i], "%s is empty; give a name", fields[i]);
    return true;
}

static void copy_texts(struct identity *identity, const struct identity_options *options)
{
    struct arena *arena = &identity->arena;
    identity->jwt = options->jwt;
    identity->jwt.issuer = arena_copy_str(arena, options->jwt.issuer);
    identity->jwt.audience = arena_copy_str(arena, options->jwt.audience);
    identity->jwt.owner_claim = arena_copy_str(arena, options->jwt.owner_claim);
    identity->jwt.role_claim = arena_copy_str(arena, options->jwt.role_claim);
    identity->jwt.admin_role = arena_copy_str(arena, options->jwt.admin_role);
    identity->mtls_admins = arena_copy_str(arena, options->mtls_admins);
}

bool identity_new(const struct identity_options *options, struct identity **out, struct err *err)
{
    struct identity *identity = mem_new(struct identity);
    copy_texts(identity, options);
    if (!read_methods(options->methods, &identity->methods, err) ||
        !check_rules(&options->jwt, err) || !open_jwt(identity, options, err) ||
        !open_api_keys(identity, options, err)) {
        identity_free(identity);
        return false;
    }
    *out = identity;
    return true;
}

void identity_free(struct identity *identity)
{
    if (!identity)
        return;
    reloaded_free(identity->jwt_keys);
    reloaded_free(identity->api_keys);
    arena_done(&identity->arena);
    free(identity);
}

bool identity_is_open(const struct identity *identity)
{
    return identity->methods == 0;
}

bool identity_takes(const struct identity *identity, struct str method)
{
    enum method found = METHOD_JWT;
    return find_method(method, &found) && has(identity, found);
}

bool identity_has_mtls(const struct identity *identity)
{
    return has(identity, METHOD_MTLS);
}

bool identity_has_mtls_alone(const struct identity *identity)
{
    return identity->methods == BIT(METHOD_MTLS);
}

/* ---- Callers ---- */

static bool of_user(const struct credentials *credentials, struct caller *out, struct err *err)
{
    struct str owner = credentials->user;
    if (credentials->authorization_count)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "this server has authentication off (EXPORT_AUTH=none): it takes the owner "
                       "from x-exportq-user, and checks no authorization; send none");
    if (str_is_empty(owner))
        owner = STR(IDENTITY_DEFAULT_OWNER);
    if (credentials->user_count > 1 || !name_is_legal(owner))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "x-exportq-user must be one name of 1 to %d bytes of printable UTF-8",
                       NAME_MAX_BYTES);
    out->owner = owner;
    return true;
}

static bool of_api_key(const struct identity *identity, struct str text, struct arena *arena,
                       struct caller *out, struct err *err)
{
    const struct api_keys *keys = reloaded_hold(identity->api_keys, NULL);
    int64_t now_ms = clock_now_ms(identity->jwt.clock);
    bool does_hold = api_keys_find(keys, text, now_ms, arena, &out->owner, &out->is_admin, err);
    reloaded_release(identity->api_keys);
    return does_hold;
}

static bool of_jwt(const struct identity *identity, struct str token, struct arena *arena,
                   struct caller *out, struct err *err)
{
    struct jwt_holder holder;
    const struct jwks *keys = reloaded_hold(identity->jwt_keys, NULL);
    bool does_hold = jwt_check(keys, &identity->jwt, token, arena, &holder, err);
    reloaded_release(identity->jwt_keys);
    if (!does_hold)
        return false;
    out->owner = holder.owner;
    out->is_admin = holder.is_admin;
    return true;
}

static bool of_bearer(const struct identity *identity, const struct credentials *credentials,
                      struct arena *arena, struct caller *out, struct err *err)
{
    struct str token;
    if (credentials->authorization_count > 1)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "there is more than one authorization; send one, so that it is clear which "
                       "counts");
    if (!bearer_read(credentials->authorization, &token, err))
        return false;
    if (has(identity, METHOD_KEY) && str_starts_with(token, STR(API_KEY_PREFIX)))
        return of_api_key(identity, token, arena, out, err);
    if (has(identity, METHOD_JWT))
        return of_jwt(identity, token, arena, out, err);
    return bearer_refuse(err);
}

static bool is_mtls_admin(const struct identity *identity, struct str owner)
{
    struct str rest = identity->mtls_admins;
    struct str name;
    while (str_next(&rest, ',', &name))
        if (str_equal(str_trim(name), owner))
            return true;
    return false;
}

static bool of_certificate(const struct identity *identity, const struct credentials *credentials,
                           struct caller *out, struct err *err)
{
    struct str owner;
    if (!client_certificate_owner(&credentials->certificate, &owner, err))
        return false;
    out->owner = owner;
    out->is_admin = is_mtls_admin(identity, owner);
    return true;
}

static bool refuse_stranger(const struct identity *identity, struct err *err)
{
    bool takes_bearer = has(identity, METHOD_JWT) || has(identity, METHOD_KEY);
    bool takes_certificate = has(identity, METHOD_MTLS);
    return err_set(err, ERR_UNAUTHENTICATED, "credentials are missing; %s%s%s",
                   takes_bearer ? "send \"authorization: Bearer TOKEN\"" : "",
                   takes_bearer && takes_certificate ? ", or " : "",
                   takes_certificate ? "connect with a client certificate" : "");
}

static bool shows_any(const struct identity *identity, const struct credentials *credentials)
{
    if (credentials->authorization_count > 0)
        return true;
    if (identity_is_open(identity))
        return credentials->user_count > 0;
    return has(identity, METHOD_MTLS) && client_certificate_is_there(&credentials->certificate);
}

bool identity_of(const struct identity *identity, const struct credentials *credentials,
                 struct arena *arena, struct caller *out, struct err *err)
{
    struct caller caller = {.address = credentials->address};
    bool is_known = false;
    if (identity_is_open(identity))
        is_known = of_user(credentials, &caller, err);
    else if (!shows_any(identity, credentials))
        return refuse_stranger(identity, err);
    else if (credentials->authorization_count)
        is_known = of_bearer(identity, credentials, arena, &caller, err);
    else
        is_known = of_certificate(identity, credentials, &caller, err);
    if (!is_known)
        return false;
    assert(caller.owner.len > 0); /* no owner would be the jobs of every owner to a list */
    *out = caller;
    return true;
}

bool identity_of_anyone(const struct identity *identity, const struct credentials *credentials,
                        struct arena *arena, struct caller *out, struct err *err)
{
    if (shows_any(identity, credentials))
        return identity_of(identity, credentials, arena, out, err);
    *out = (struct caller){.address = credentials->address};
    return true;
}
