/* SPDX-License-Identifier: Apache-2.0
 *
 * See jwt.h. The order matters: form, header, signature, and only then the claims.
 */
#include "identity/jwt.h"

#include "base/base64.h"
#include "identity/bearer.h"
#include "identity/jwks.h"
#include "identity/name.h"

#include <jansson.h>

enum { MS_PER_S = 1000 };

/* The three parts, as they came. */
struct parts {
    struct str header;
    struct str claims;
    struct str signature;
    struct str signed_text; /* header and claims, with the dot between */
};

struct header {
    enum signature_algorithm algorithm;
    struct str kid; /* {NULL, 0}: none */
};

static void json_done(json_t **json)
{
    json_decref(*json);
}

static bool split(struct str token, struct parts *out)
{
    struct str rest = token;
    struct parts parts = {0};
    if (token.len > BEARER_MAX_BYTES || !str_next(&rest, '.', &parts.header) ||
        !str_next(&rest, '.', &parts.claims) || !rest.ptr || str_find(rest, '.') != rest.len)
        return false;
    parts.signature = rest;
    parts.signed_text = (struct str){token.ptr, parts.header.len + 1 + parts.claims.len};
    *out = parts;
    return parts.header.len && parts.claims.len && parts.signature.len;
}

/* An object in base64url, each name in it once; else NULL. Deeper than its length it cannot be, and
 * that is bounded. */
static json_t *read_object(struct str part)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, BEARER_MAX_BYTES);
    if (!base64url_decode(part, &text) || !buf_is_ok(&text) || text.len == 0)
        return NULL;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static struct str text_of(const json_t *value)
{
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){0};
}

/* RFC 8725, 3.11: what says that it is something else, such as a logout token, is no access token.
 */
static bool is_type_of_ours(const json_t *type)
{
    static const char *const types[] = {"JWT", "at+jwt", "application/jwt", "application/at+jwt"};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (!type || str_equal_nocase(text_of(type), str_of(types[i])))
            return true;
    return false;
}

/* Extensions that change how the rest is read. jku, jwk, x5u and x5c are passed over: keys come
 * from our file alone. */
static bool has_extension(const json_t *header)
{
    static const char *const names[] = {"crit", "b64", "cty", "enc", "zip"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_object_get(header, names[i]))
            return true;
    return false;
}

static bool read_header(const json_t *json, struct header *out)
{
    const json_t *kid = json_object_get(json, "kid");
    out->kid = text_of(kid);
    return signature_algorithm_find(text_of(json_object_get(json, "alg")), &out->algorithm) &&
           (!kid || json_is_string(kid)) && is_type_of_ours(json_object_get(json, "typ")) &&
           !has_extension(json);
}

static bool signature_does_hold(const struct jwks *keys, const struct parts *parts)
{
    struct buf signature CLEANUP(buf_done);
    json_t *json CLEANUP(json_done) = read_object(parts->header);
    struct header header;
    buf_init(&signature, BEARER_MAX_BYTES);
    return json && read_header(json, &header) && base64url_decode(parts->signature, &signature) &&
           jwks_holds(keys, header.algorithm, header.kid, parts->signed_text, buf_str(&signature));
}

/* ---- Claims ---- */

/* Seconds since 1970. A claim that is there has to be a number; jansson reads finite ones alone. */
static bool read_time(const json_t *claims, const char *name, double otherwise, double *out)
{
    const json_t *value = json_object_get(claims, name);
    *out = value ? json_number_value(value) : otherwise;
    return !value || json_is_number(value);
}

static bool check_times(const json_t *claims, const struct jwt_rules *rules, struct err *err)
{
    double now = (double)clock_now_ms(rules->clock) / MS_PER_S;
    double skew = (double)rules->skew_ms / MS_PER_S;
    double expires = 0;
    double begins = 0;
    double issued = 0;
    if (!json_object_get(claims, "exp"))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token never expires; here it needs an \"exp\"");
    if (!read_time(claims, "exp", 0, &expires) || !read_time(claims, "nbf", now, &begins) ||
        !read_time(claims, "iat", now, &issued))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token's \"exp\", \"nbf\" and \"iat\" have to be numbers");
    if (now >= expires + skew)
        return err_set(err, ERR_UNAUTHENTICATED, "the bearer token has expired; get a fresh one");
    if (begins > now + skew || issued > now + skew)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token is not valid yet; its issuer's clock or this server's "
                       "may be wrong");
    return true;
}

/* Whether a claim is the text, or an array of texts with it. */
static bool names(const json_t *claim, struct str text)
{
    if (json_is_string(claim))
        return str_equal(text_of(claim), text);
    for (size_t i = 0; i < json_array_size(claim); i++)
        if (json_is_string(json_array_get(claim, i)) &&
            str_equal(text_of(json_array_get(claim, i)), text))
            return true;
    return false;
}

static bool check_parties(const json_t *claims, const struct jwt_rules *rules, struct err *err)
{
    const json_t *audience = json_object_get(claims, "aud");
    if (!str_is_empty(rules->issuer) &&
        !str_equal(text_of(json_object_get(claims, "iss")), rules->issuer))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token is of an issuer that is not accepted here");
    if (str_is_empty(rules->audience) ? audience != NULL : !names(audience, rules->audience))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token is meant for another audience than this service");
    return true;
}

static bool read_holder(const json_t *claims, const struct jwt_rules *rules, struct arena *arena,
                        struct jwt_holder *out, struct err *err)
{
    struct str owner = text_of(json_object_get(claims, rules->owner_claim.ptr));
    if (!name_is_legal(owner))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the bearer token's \"%.*s\" has to name its owner in 1 to %d bytes of "
                       "printable text",
                       STR_ARG(rules->owner_claim), NAME_MAX_BYTES);
    *out = (struct jwt_holder){
        .owner = arena_copy_str(arena, owner),
        .is_admin = names(json_object_get(claims, rules->role_claim.ptr), rules->admin_role),
    };
    return true;
}

bool jwt_check(const struct jwks *keys, const struct jwt_rules *rules, struct str token,
               struct arena *arena, struct jwt_holder *out, struct err *err)
{
    struct parts parts;
    if (!split(token, &parts) || !signature_does_hold(keys, &parts))
        return bearer_refuse(err);
    json_t *claims CLEANUP(json_done) = read_object(parts.claims);
    if (!claims)
        return bearer_refuse(err);
    return check_times(claims, rules, err) && check_parties(claims, rules, err) &&
           read_holder(claims, rules, arena, out, err);
}
