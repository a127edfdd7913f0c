/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of tokens share: a time that stands still, rules, key sets, and asking.
 */
#ifndef TESTS_UNIT_IDENTITY_KIT_H
#define TESTS_UNIT_IDENTITY_KIT_H

#include "identity/bearer.h"
#include "identity/jwks.h"
#include "identity/jwt.h"
#include "identity/name.h"
#include "tests/support/signer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KIT_NOW_S "1790000000"

static int64_t kit_now_ms(const struct clock *clock)
{
    (void)clock;
    return INT64_C(1790000000000);
}

static const struct clock kit_clock = {.now_ms = kit_now_ms};

static inline struct jwt_rules kit_rules(void)
{
    return (struct jwt_rules){.owner_claim = STR("sub"),
                              .role_claim = STR("role"),
                              .admin_role = STR("export-admin"),
                              .skew_ms = 30000,
                              .clock = &kit_clock};
}

/* The keys of a text, which has to be fine. */
static inline struct jwks *kit_keys(struct str text)
{
    struct jwks *keys = NULL;
    struct err err = {0};
    if (!jwks_read(text, &keys, &err))
        fail_msg("%s", err.text);
    return keys;
}

/* A set of one key. */
static inline struct jwks *kit_keys_of(const struct signer *signer, const char *more)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    buf_add_text(&text, "{\"keys\":[");
    signer_add_jwk(signer, more, &text);
    buf_add_text(&text, "]}");
    return kit_keys(buf_str(&text));
}

/* A token of "alg" as the signer has it. */
static inline void kit_token(const struct signer *signer, const char *claims, struct buf *out)
{
    struct buf header CLEANUP(buf_done);
    buf_init(&header, 100);
    buf_init(out, SIGNER_TOKEN_MAX);
    buf_printf(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}",
               signature_algorithm_name(signer->algorithm));
    signer_add_token(signer, header.ptr, claims, out);
}

#define KIT_CLAIMS "{\"sub\":\"alice\",\"exp\":1790000600}"

/* Asks, and gives why not: "" if the token held. */
static inline const char *kit_check(const struct jwks *keys, const struct jwt_rules *rules,
                                    struct str token, struct jwt_holder *out)
{
    static struct err err;
    static char owner[NAME_MAX_BYTES + 1];
    struct arena arena CLEANUP(arena_done) = {0};
    struct jwt_holder holder = {0};
    err = (struct err){0};
    if (!jwt_check(keys, rules, token, &arena, &holder, &err)) {
        assert_int_equal(err.code, ERR_UNAUTHENTICATED);
        return err.text;
    }
    (void)snprintf(owner, sizeof owner, "%.*s", STR_ARG(holder.owner));
    if (out)
        *out = (struct jwt_holder){str_of(owner), holder.is_admin};
    return "";
}

static inline const char *kit_refusal(void)
{
    static struct err err;
    (void)bearer_refuse(&err);
    return err.text;
}

#endif
