/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures, against the vector of the Standard Webhooks libraries, and what secrets are refused.
 */
#include "webhook/signature.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/support/replaced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

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

static int unread;

static void count_failures(const char *path, const struct err *failure)
{
    assert_non_null(path);
    if (failure) {
        assert_null(strstr(failure->text, "short"));
        unread++;
    }
}

/* Until what is signed is signed so, or a reading failed. */
static void wait_for(const struct webhook_secrets *secrets, struct str signature)
{
    const int64_t end_ms = clock_monotonic_ms() + 10000;
    for (bool is_so = false; !is_so && !unread;) {
        struct buf out CLEANUP(buf_done);
        buf_init(&out, 1024);
        webhook_sign(secrets, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                     STR("{\"test\": 2432232314}"), &out);
        is_so = str_equal(buf_str(&out), signature);
        assert_true(clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
}

static void a_file_is_read_anew_and_what_will_not_do_changes_nothing(void **state)
{
    (void)state;
    char path[] = "/tmp/test-webhook-secrets-XXXXXX";
    struct webhook_secrets *secrets = NULL;
    struct err err = {0};
    (void)close(mkstemp(path));
    replace_file_by_text(path, "whsec_short");
    assert_false(webhook_secrets_open(path, count_failures, &secrets, &err));
    replace_file_by_text(path, OTHER "\n");
    assert_true(webhook_secrets_open(path, count_failures, &secrets, &err));
    struct buf before CLEANUP(buf_done) = sign(OTHER);
    struct buf after CLEANUP(buf_done) = sign(SECRET "," OTHER);
    wait_for(secrets, buf_str(&before));
    replace_file_by_text(path, SECRET "," OTHER);
    wait_for(secrets, buf_str(&after));
    assert_int_equal(unread, 0);
    replace_file_by_text(path, "whsec_short");
    wait_for(secrets, STR("never"));
    unread = 0;
    wait_for(secrets, buf_str(&after));
    webhook_secrets_free(secrets);
    (void)unlink(path);
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
        cmocka_unit_test(a_file_is_read_anew_and_what_will_not_do_changes_nothing),
        cmocka_unit_test(what_is_no_secret_is_refused_without_being_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
