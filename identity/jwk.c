/* SPDX-License-Identifier: Apache-2.0
 *
 * See jwk.h. A JSON Web Key becomes a public key of OpenSSL's first, so that its kind, its size and
 * whether it is a key at all are asked in one place, whatever file it came from.
 */
#include "identity/jwk.h"

#include "base/base64.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

enum {
    KID_MAX_BYTES = 256,
    SECRET_MAX_BYTES = 1024,
    NUMBER_MAX_BYTES = JWK_RSA_MAX_BITS / 8 + 1,
    GROUP_NAME_SIZE = 32,
    POINT_IS_WHOLE = 0x04, /* and not compressed: SEC 1, 2.3.3 */
};

static const struct curve {
    const char *name; /* RFC 7518, 6.2.1.1 */
    const char *group;
    enum jwk_kind kind;
    size_t bytes;
} curves[] = {
    {"P-256", "prime256v1", JWK_P256, 32},
    {"P-384", "secp384r1", JWK_P384, 48},
    {"P-521", "secp521r1", JWK_P521, 66},
};

size_t jwk_coordinate_bytes(enum jwk_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (curves[i].kind == kind)
            return curves[i].bytes;
    return 0;
}

static bool refuse(size_t place, const char *what, struct err *err)
{
    return err_set_field(err, "EXPORT_JWT_KEYS", "key %zu of the file of EXPORT_JWT_KEYS %s", place,
                         what);
}

/* ---- A public key of OpenSSL's ---- */

static bool find_curve(const EVP_PKEY *key, enum jwk_kind *out)
{
    char group[GROUP_NAME_SIZE];
    size_t len = 0;
    int is_explicit = 0; /* its numbers are the file's own, whatever curve they look like */
    (void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                 &is_explicit);
    if (is_explicit || EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1)
        return false;
    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (strcmp(group, curves[i].group) == 0) {
            *out = curves[i].kind;
            return true;
        }
    return false;
}

static bool find_kind(const EVP_PKEY *key, enum jwk_kind *out)
{
    if (EVP_PKEY_is_a(key, "RSA"))
        *out = JWK_RSA;
    else if (EVP_PKEY_is_a(key, "ED25519"))
        *out = JWK_ED25519;
    else
        return EVP_PKEY_is_a(key, "EC") && find_curve(key, out);
    return true;
}

static bool is_sound(EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool is_sound = context && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return is_sound;
}

static bool check_public_key(EVP_PKEY *key, size_t place, enum jwk_kind *out_kind, struct err *err)
{
    if (!find_kind(key, out_kind))
        return refuse(place,
                      "is of a kind that is not known here; accepted are RSA, the curves P-256, "
                      "P-384 and P-521, and Ed25519",
                      err);
    int bits = EVP_PKEY_get_bits(key);
    if (*out_kind == JWK_RSA && (bits < JWK_RSA_MIN_BITS || bits > JWK_RSA_MAX_BITS))
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "key %zu of the file of EXPORT_JWT_KEYS is an RSA key of %d bits; "
                             "accepted are %d to %d",
                             place, bits, JWK_RSA_MIN_BITS, JWK_RSA_MAX_BITS);
    return is_sound(key) || refuse(place, "is damaged: its numbers make no public key", err);
}

bool jwk_from_public_key(struct evp_pkey_st *key, size_t place, struct jwk *out, struct err *err)
{
    enum jwk_kind kind = JWK_RSA;
    bool is_fine = check_public_key(key, place, &kind, err);
    ERR_clear_error();
    if (!is_fine) {
        EVP_PKEY_free(key);
        return false;
    }
    *out = (struct jwk){.kind = kind, .key = key};
    return true;
}

/* ---- A JSON Web Key ---- */

/* A member that is a text; {NULL, 0} for none. */
static struct str text_of(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){0};
}

static bool is_odd_one(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return value && !json_is_string(value);
}

static bool has_private_part(const json_t *json)
{
    static const char *const parts[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (json_object_get(json, parts[i]))
            return true;
    return false;
}

static bool is_for_checking(const json_t *json)
{
    struct str use = text_of(json, "use");
    const json_t *operations = json_object_get(json, "key_ops");
    if (use.ptr && !str_equal(use, STR("sig")))
        return false;
    if (!operations)
        return true;
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t *operation = json_array_get(operations, i);
        if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
            return true;
    }
    return false;
}

/* The bytes behind a member; false if it is no base64url, empty or over `max`. */
static bool decode(const json_t *json, const char *name, size_t max, struct buf *out)
{
    buf_init(out, max);
    struct str text = text_of(json, name);
    return text.len && base64url_decode(text, out) && buf_is_ok(out) && out->len;
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM *parameters)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *make_rsa(const struct buf *modulus, const struct buf *exponent)
{
    BIGNUM *n = BN_bin2bn((unsigned char *)modulus->ptr, (int)modulus->len, NULL);
    BIGNUM *e = BN_bin2bn((unsigned char *)exponent->ptr, (int)exponent->len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *key = parameters ? make_key("RSA", parameters) : NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *read_rsa(const json_t *json)
{
    struct buf modulus CLEANUP(buf_done) = {0};
    struct buf exponent CLEANUP(buf_done) = {0};
    if (!decode(json, "n", NUMBER_MAX_BYTES, &modulus) ||
        !decode(json, "e", NUMBER_MAX_BYTES, &exponent))
        return NULL;
    return make_rsa(&modulus, &exponent);
}

static EVP_PKEY *read_point(const json_t *json, const struct curve *curve)
{
    struct buf x CLEANUP(buf_done) = {0};
    struct buf y CLEANUP(buf_done) = {0};
    struct buf point CLEANUP(buf_done) = {0};
    char group[GROUP_NAME_SIZE];
    if (!decode(json, "x", curve->bytes, &x) || !decode(json, "y", curve->bytes, &y) ||
        x.len != curve->bytes || y.len != curve->bytes)
        return NULL;
    buf_init(&point, 1 + 2 * curve->bytes);
    buf_add_char(&point, POINT_IS_WHOLE);
    buf_add_str(&point, buf_str(&x));
    buf_add_str(&point, buf_str(&y));
    (void)snprintf(group, sizeof group, "%s", curve->group);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len),
        OSSL_PARAM_construct_end(),
    };
    return make_key("EC", parameters);
}

static EVP_PKEY *read_edwards(const json_t *json)
{
    struct buf x CLEANUP(buf_done) = {0};
    if (!decode(json, "x", NUMBER_MAX_BYTES, &x))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (unsigned char *)x.ptr, x.len);
}

static bool read_secret(const json_t *json, size_t place, struct jwk *out, struct err *err)
{
    struct jwk key = {.kind = JWK_OCT};
    if (decode(json, "k", SECRET_MAX_BYTES, &key.secret) && key.secret.len >= JWK_OCT_MIN_BYTES) {
        *out = key;
        return true;
    }
    jwk_done(&key);
    return err_set_field(err, "EXPORT_JWT_KEYS",
                         "key %zu of the file of EXPORT_JWT_KEYS is a secret, and its \"k\" is no "
                         "base64url of %d to %d bytes; make one with: openssl rand -base64 32 | "
                         "tr +/ -_ | tr -d =",
                         place, JWK_OCT_MIN_BYTES, SECRET_MAX_BYTES);
}

/* The key itself, without what is said about it. */
static bool read_key(const json_t *json, size_t place, struct jwk *out, enum jwk_use *out_use,
                     struct err *err)
{
    struct str type = text_of(json, "kty");
    struct str curve = text_of(json, "crv");
    EVP_PKEY *key = NULL;
    bool is_known = false;
    *out_use = JWK_TAKEN;
    if (str_equal(type, STR("oct")))
        return read_secret(json, place, out, err);
    if (str_equal(type, STR("RSA"))) {
        is_known = true;
        key = read_rsa(json);
    } else if (str_equal(type, STR("OKP")) && str_equal(curve, STR("Ed25519"))) {
        is_known = true;
        key = read_edwards(json);
    } else if (str_equal(type, STR("EC"))) {
        for (size_t i = 0; i < COUNT_OF(curves); i++)
            if (str_equal(curve, str_of(curves[i].name))) {
                is_known = true;
                key = read_point(json, &curves[i]);
            }
    }
    ERR_clear_error();
    if (!is_known) {
        *out_use = JWK_NOT_OURS;
        return true;
    }
    if (!key)
        return refuse(place, "is damaged: its members make no public key", err);
    return jwk_from_public_key(key, place, out, err);
}

/* What may be said of a key besides: kid and alg. */
static bool read_notes(const json_t *json, size_t place, struct jwk *key, struct err *err)
{
    struct str kid = text_of(json, "kid");
    struct str algorithm = text_of(json, "alg");
    if (kid.len > KID_MAX_BYTES)
        return refuse(place, "has a \"kid\" of more than 256 bytes", err);
    buf_init(&key->kid, KID_MAX_BYTES);
    buf_add_str(&key->kid, kid);
    key->has_kid = kid.ptr != NULL;
    if (algorithm.ptr && signature_algorithm_find(algorithm, &key->algorithm))
        key->has_algorithm = true;
    if (key->has_algorithm && !signature_fits(key->algorithm, key))
        return refuse(place, "says an \"alg\" that its kind or its length does not fit", err);
    return true;
}

bool jwk_from_json(const struct json_t *json, size_t place, struct jwk *out, enum jwk_use *out_use,
                   struct err *err)
{
    struct jwk key = {0};
    enum signature_algorithm ignored;
    if (!json_is_object(json) || !text_of(json, "kty").ptr || is_odd_one(json, "use") ||
        is_odd_one(json, "alg") || is_odd_one(json, "kid"))
        return refuse(place, "is no JSON Web Key (RFC 7517)", err);
    if (has_private_part(json))
        return refuse(
            place, "is a private key, which belongs to the issuer alone; give the public one", err);
    struct str algorithm = text_of(json, "alg");
    if (!is_for_checking(json) ||
        (algorithm.ptr && !signature_algorithm_find(algorithm, &ignored))) {
        *out_use = JWK_NOT_OURS;
        return true;
    }
    if (!read_key(json, place, &key, out_use, err))
        return false;
    if (*out_use == JWK_NOT_OURS)
        return true;
    if (!read_notes(json, place, &key, err)) {
        jwk_done(&key);
        return false;
    }
    *out = key;
    return true;
}

void jwk_done(struct jwk *key)
{
    EVP_PKEY_free(key->key);
    if (key->secret.ptr)
        explicit_bzero(key->secret.ptr, key->secret.cap);
    buf_done(&key->secret);
    buf_done(&key->kid);
}
