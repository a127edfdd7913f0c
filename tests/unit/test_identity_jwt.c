/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens whose signature holds: every algorithm, which of the keys, and what the claims say.
 */
#include "tests/unit/identity_kit.h"

static struct signer es256;
static struct jwks *es256_keys;

static void every_algorithm_is_taken_from_a_key_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNATURE_ALGORITHM_COUNT; i++) {
        struct signer signer;
        struct buf token CLEANUP(buf_done);
        struct jwt_holder holder = {0};
        signer_init(&signer, (enum signature_algorithm)i);
        struct jwks *keys = kit_keys_of(&signer, "");
        const struct jwt_rules rules = kit_rules();
        kit_token(&signer, KIT_CLAIMS, &token);
        assert_string_equal(kit_check(keys, &rules, buf_str(&token), &holder), "");
        assert_true(str_equal(holder.owner, STR("alice")));
        assert_false(holder.is_admin);
        jwks_free(keys);
        signer_done(&signer);
    }
}

static void a_key_is_for_the_algorithms_of_its_kind_and_no_other(void **state)
{
    (void)state;
    struct signer signers[SIGNATURE_ALGORITHM_COUNT];
    struct jwks *keys[SIGNATURE_ALGORITHM_COUNT];
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        signer_init(&signers[i], (enum signature_algorithm)i);
        keys[i] = kit_keys_of(&signers[i], "");
    }
    const struct jwt_rules rules = kit_rules();
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        for (size_t k = 0; k < COUNT_OF(keys); k++) {
            struct buf token CLEANUP(buf_done);
            kit_token(&signers[i], KIT_CLAIMS, &token);
            const char *said = kit_check(keys[k], &rules, buf_str(&token), NULL);
            assert_string_equal(said, i == k ? "" : kit_refusal());
        }
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        signer_done(&signers[i]);
        jwks_free(keys[i]);
    }
}

static void keys_may_be_pem_and_several(void **state)
{
    (void)state;
    struct signer signers[3];
    const enum signature_algorithm algorithms[] = {RS256, ES384, EDDSA};
    struct buf pem CLEANUP(buf_done);
    buf_init(&pem, SIGNER_TOKEN_MAX);
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        signer_init(&signers[i], algorithms[i]);
        buf_add_text(&pem, "a word on the key\n");
        signer_add_pem(&signers[i], &pem);
    }
    struct jwks *keys = kit_keys(buf_str(&pem));
    const struct jwt_rules rules = kit_rules();
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        struct buf token CLEANUP(buf_done);
        kit_token(&signers[i], KIT_CLAIMS, &token);
        assert_string_equal(kit_check(keys, &rules, buf_str(&token), NULL), "");
        signer_done(&signers[i]);
    }
    jwks_free(keys);
}

/* Two keys with a kid each and one without; tokens name one, another, none or an unknown one. */
static void a_kid_chooses_the_key(void **state)
{
    (void)state;
    struct signer signers[3];
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    buf_add_text(&text, "{\"keys\":[");
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        static const char *const kids[] = {",\"kid\":\"a\"", ",\"kid\":\"b\"", ""};
        signer_init(&signers[i], ES256);
        buf_add_text(&text, i ? "," : "");
        signer_add_jwk(&signers[i], kids[i], &text);
    }
    buf_add_text(&text, "]}");
    struct jwks *keys = kit_keys(buf_str(&text));
    static const struct {
        size_t signer;
        const char *header;
        bool is_fine;
    } cases[] = {
        {0, "{\"alg\":\"ES256\",\"kid\":\"a\"}", true},
        {1, "{\"alg\":\"ES256\",\"kid\":\"b\"}", true},
        {0, "{\"alg\":\"ES256\",\"kid\":\"b\"}", false},
        {0, "{\"alg\":\"ES256\"}", true},
        {1, "{\"alg\":\"ES256\"}", true},
        {0, "{\"alg\":\"ES256\",\"kid\":\"c\"}", false},
        {2, "{\"alg\":\"ES256\",\"kid\":\"c\"}", true},
        {2, "{\"alg\":\"ES256\"}", true},
        {0, "{\"alg\":\"ES256\",\"kid\":\"\"}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":\"A\"}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":1}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":null}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":\"a' UNION SELECT 'x\"}", false},
        {0, "{\"alg\":\"ES256\",\"kid\":\"a\\n\"}", false},
    };
    const struct jwt_rules rules = kit_rules();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf token CLEANUP(buf_done);
        buf_init(&token, SIGNER_TOKEN_MAX);
        signer_add_token(&signers[cases[i].signer], cases[i].header, KIT_CLAIMS, &token);
        const char *said = kit_check(keys, &rules, buf_str(&token), NULL);
        assert_string_equal(said, cases[i].is_fine ? "" : kit_refusal());
    }
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        signer_done(&signers[i]);
    jwks_free(keys);
}

/* The rest of what a header may say. */
static void headers_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_fine;
    } cases[] = {
        {"{\"alg\":\"ES256\"}", true},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", true},
        {"{\"alg\":\"ES256\",\"typ\":\"application/at+JWT\"}", true},
        {"{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}", false},
        {"{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}", false},
        {"{\"alg\":\"ES256\",\"typ\":7}", false},
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil.example/keys\"}", true}, /* never followed */
        {"{\"alg\":\"ES256\",\"x5u\":\"file:///etc/passwd\"}", true},
        {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"\"}}", true},
        {"{\"alg\":\"ES256\",\"crit\":[]}", false},
        {"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", false},
        {"{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", false},
        {"{\"alg\":\"ES256\",\"b64\":false}", false},
        {"{\"alg\":\"ES256\",\"b64\":true}", false},
        {"{\"alg\":\"ES256\",\"cty\":\"JWT\"}", false},
        {"{\"alg\":\"ES256\",\"zip\":\"DEF\"}", false},
        {"{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", false},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", false},
        {"{\"alg\":\"none\",\"alg\":\"ES256\"}", false},
        {"{\"alg\":\"es256\"}", false},
        {"{\"alg\":\"ES256 \"}", false},
        {"{\"alg\":[\"ES256\"]}", false},
        {"{\"alg\":\"ES256\\u0000\"}", false},
        {"{\"Alg\":\"ES256\"}", false},
        {"{}", false},
        {"[\"ES256\"]", false},
        {"\"ES256\"", false},
        {"{\"alg\":\"ES256\"} {}", false},
        {"{\"alg\":\"ES256\"", false},
    };
    const struct jwt_rules rules = kit_rules();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf token CLEANUP(buf_done);
        buf_init(&token, SIGNER_TOKEN_MAX);
        signer_add_token(&es256, cases[i].header, KIT_CLAIMS, &token);
        const char *said = kit_check(es256_keys, &rules, buf_str(&token), NULL);
        if (strcmp(said, cases[i].is_fine ? "" : kit_refusal()) != 0)
            fail_msg("%s: %s", cases[i].header, said);
    }
}

static void claims_are_checked_once_the_signature_holds(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        const char *said; /* "": it is fine; NULL: as a bad signature */
    } cases[] = {
        {"{\"sub\":\"alice\",\"exp\":1790000001}", ""},
        {"{\"sub\":\"alice\",\"exp\":1790000600.5}", ""},
        {"{\"sub\":\"alice\",\"exp\":1789999971}", ""}, /* within the skew */
        {"{\"sub\":\"alice\",\"exp\":1789999970}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":0}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":-1}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":-1e300}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":1e300}", ""},
        {"{\"sub\":\"alice\",\"exp\":1e400}", NULL},
        {"{\"sub\":\"alice\",\"exp\":99999999999999999999}", NULL},
        {"{\"sub\":\"alice\",\"exp\":NaN}", NULL},
        {"{\"sub\":\"alice\",\"exp\":Infinity}", NULL},
        {"{\"sub\":\"alice\"}", "never expires"},
        {"{\"sub\":\"alice\",\"exp\":\"1790000600\"}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":null}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":[1790000600]}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":true}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"nbf\":1790000030}", ""},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"nbf\":1790000031}", "not valid yet"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"nbf\":\"0\"}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"iat\":1790000030}", ""},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"iat\":1790000031}", "not valid yet"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"iat\":{}}", "numbers"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"aud\":\"api\"}", "audience"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"aud\":[]}", "audience"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"aud\":null}", "audience"},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"iss\":\"anyone\"}", ""},
        {"{\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":1,\"exp\":1790000600}", "owner"},
        {"{\"sub\":[\"alice\"],\"exp\":1790000600}", "owner"},
        {"{\"sub\":null,\"exp\":1790000600}", "owner"},
        {"{\"sub\":{\"a\":1},\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\nb\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\u007f\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\u0085\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\u2028\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\u202eb\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"a\\u2066b\",\"exp\":1790000600}", "owner"},
        {"{\"sub\":\"alice\\u0000\",\"exp\":1790000600}", NULL},
        {"{\"sub\":\"\\ud800\",\"exp\":1790000600}", NULL},
        {"{\"sub\":\"\xc0\xafx\",\"exp\":1790000600}", NULL},
        {"{\"sub\":\"\xff\",\"exp\":1790000600}", NULL},
        {"{\"sub\":\"alice\",\"sub\":\"bob\",\"exp\":1790000600}", NULL},
        {"{\"sub\":\"alice\",\"exp\":1790000600,\"exp\":1790000600}", NULL},
        {"{\"sub\":\"alice\",\"exp\":1790000600}x", NULL},
        {"[]", NULL},
        {"null", NULL},
        {"", NULL},
        {"{\"sub\":\"Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac\",\"exp\":1790000600}", ""},
    };
    const struct jwt_rules rules = kit_rules();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf token CLEANUP(buf_done);
        kit_token(&es256, cases[i].claims, &token);
        const char *want = cases[i].said ? cases[i].said : kit_refusal();
        const char *said = kit_check(es256_keys, &rules, buf_str(&token), NULL);
        if (!strstr(said, want) || (want[0] == '\0' && said[0]))
            fail_msg("%s: %s", cases[i].claims, said);
    }
}

static void issuer_and_audience_are_those_that_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        const char *said;
    } cases[] = {
        {"\"iss\":\"https://id.example\",\"aud\":\"exportq\"", ""},
        {"\"iss\":\"https://id.example\",\"aud\":[\"other\",\"exportq\"]", ""},
        {"\"iss\":\"https://id.example\",\"aud\":[1,null,\"exportq\"]", ""},
        {"\"iss\":\"https://id.example/\",\"aud\":\"exportq\"", "issuer"},
        {"\"iss\":\"https://id.example\\u0020\",\"aud\":\"exportq\"", "issuer"},
        {"\"iss\":[\"https://id.example\"],\"aud\":\"exportq\"", "issuer"},
        {"\"aud\":\"exportq\"", "issuer"},
        {"\"iss\":\"https://id.example\"", "audience"},
        {"\"iss\":\"https://id.example\",\"aud\":\"Exportq\"", "audience"},
        {"\"iss\":\"https://id.example\",\"aud\":\"exportq,other\"", "audience"},
        {"\"iss\":\"https://id.example\",\"aud\":[]", "audience"},
        {"\"iss\":\"https://id.example\",\"aud\":[[\"exportq\"]]", "audience"},
        {"\"iss\":\"https://id.example\",\"aud\":{\"exportq\":1}", "audience"},
    };
    struct jwt_rules rules = kit_rules();
    rules.issuer = STR("https://id.example");
    rules.audience = STR("exportq");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf claims CLEANUP(buf_done);
        struct buf token CLEANUP(buf_done);
        buf_init(&claims, 1000);
        buf_printf(&claims, "{\"sub\":\"alice\",\"exp\":1790000600,%s}", cases[i].claims);
        kit_token(&es256, claims.ptr, &token);
        const char *said = kit_check(es256_keys, &rules, buf_str(&token), NULL);
        if (!strstr(said, cases[i].said) || (cases[i].said[0] == '\0' && said[0]))
            fail_msg("%s: %s", claims.ptr, said);
    }
}

static void owner_and_role_are_in_the_claims_that_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        bool is_admin;
    } cases[] = {
        {"\"groups\":\"boss\"", true},
        {"\"groups\":[\"x\",\"boss\"]", true},
        {"\"groups\":[\"bos\",\"bossy\",\"BOSS\",1,null,[\"boss\"]]", false},
        {"\"groups\":\"x boss\"", false},
        {"\"groups\":{\"boss\":true}", false},
        {"\"groups\":true", false},
        {"\"role\":\"boss\"", false},
        {"\"admin\":true", false},
    };
    struct jwt_rules rules = kit_rules();
    rules.owner_claim = STR("https://id.example/email");
    rules.role_claim = STR("groups");
    rules.admin_role = STR("boss");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf claims CLEANUP(buf_done);
        struct buf token CLEANUP(buf_done);
        struct jwt_holder holder = {0};
        buf_init(&claims, 1000);
        buf_printf(&claims,
                   "{\"sub\":\"1\",\"https://id.example/email\":\"a@b\",\"exp\":1790000600,%s}",
                   cases[i].claims);
        kit_token(&es256, claims.ptr, &token);
        assert_string_equal(kit_check(es256_keys, &rules, buf_str(&token), &holder), "");
        assert_true(str_equal(holder.owner, STR("a@b")));
        assert_int_equal(holder.is_admin, cases[i].is_admin);
    }
}

static int make_keys(void **state)
{
    (void)state;
    signer_init(&es256, ES256);
    es256_keys = kit_keys_of(&es256, "");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    signer_done(&es256);
    jwks_free(es256_keys);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_taken_from_a_key_set),
        cmocka_unit_test(a_key_is_for_the_algorithms_of_its_kind_and_no_other),
        cmocka_unit_test(keys_may_be_pem_and_several),
        cmocka_unit_test(a_kid_chooses_the_key),
        cmocka_unit_test(headers_are_taken_or_refused),
        cmocka_unit_test(claims_are_checked_once_the_signature_holds),
        cmocka_unit_test(issuer_and_audience_are_those_that_are_set),
        cmocka_unit_test(owner_and_role_are_in_the_claims_that_are_set),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
