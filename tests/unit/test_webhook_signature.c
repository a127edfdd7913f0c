/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures, against the vector of the Standard Webhooks libraries, and what secrets are refused.
 */
#include "webhook/signature.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER  "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

static struct buf sign(const char *secrets)
{
    struct webhook_secrets *parsed = NULL;
    struct err err = {0};
    struct buf out;
    buf_init(&out, 1024);
    if (!webhook_secrets_new(str_of(secrets), &parsed, &err))
        fail_msg("%s", err.text);
    webhook_sign(parsed, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                 STR("{\"test\": 2432232314}"), &out);
    webhook_secrets_free(parsed);
    return out;
}

static void the_vector_of_the_standard_is_met(void **state)
{
    (void)state;
    struct buf out = sign(SECRET);
    assert_true(str_equal(buf_str(&out), STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")));
    buf_done(&out);
}

static void each_secret_signs_the_newest_first(void **state)
{
    (void)state;
    struct buf alone = sign(OTHER);
    struct buf both = sign(OTHER ", " SECRET);
    struct str first = {both.ptr, alone.len};
    struct str second = {both.ptr + alone.len, both.len - alone.len};
    assert_true(str_equal(first, buf_str(&alone)));
    assert_true(str_equal(second, STR(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")));
    buf_done(&alone);
    buf_done(&both);
}

static void what_is_no_secret_is_refused_without_being_shown(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", /* 22 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        SECRET ",",
        SECRET "," SECRET "," SECRET "," SECRET "," SECRET "," SECRET "," SECRET "," SECRET
               "," SECRET,
        "whsec_"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AA", /* 65 bytes and more */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct webhook_secrets *parsed = NULL;
        struct err err = {0};
        if (webhook_secrets_new(str_of(bad[i]), &parsed, &err))
            fail_msg("case %zu is taken", i);
        assert_string_equal(err.field, "EXPORT_WEBHOOK_SECRET");
        assert_null(strstr(err.text, "MfKQ"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_the_standard_is_met),
        cmocka_unit_test(each_secret_signs_the_newest_first),
        cmocka_unit_test(what_is_no_secret_is_refused_without_being_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
