/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be said wrongly before there is a connection: it is refused in words, for gRPC would
 * stop the process or give no reason.
 */
#include "client/exportq.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void options_that_cannot_be_sent_are_refused_without_their_values(void **state)
{
    static const struct {
        struct exportq_options options;
        const char *word;
    } rows[] = {
        {{.server = ""}, "HOST:PORT"},
        {{.user = "j\xC3\xBCrgen"}, "x-exportq-user"},
        {{.user = "a\nb"}, "x-exportq-user"},
        {{.bearer_token = "secret\n"}, "authorization"},
        {{.is_tls = true, .ca_pem = "no certificate"}, "certificate"},
        {{.ca_pem = "-----BEGIN CERTIFICATE-----"}, "without TLS"},
        {{.is_tls = true, .certificate_pem = "-----BEGIN CERTIFICATE-----"}, "its key"},
        {{.is_tls = true, .key_pem = "-----BEGIN PRIVATE KEY-----"}, "its key"},
        {{.is_tls = true, .certificate_pem = "secret", .key_pem = "secret"}, "certificate"},
        {{.is_tls = true,
          .certificate_pem = "-----BEGIN CERTIFICATE-----",
          .key_pem = "-----BEGIN CERTIFICATE-----"},
         "PEM key"},
        {{.server = "exports.example.org:443", .bearer_token = "secret"}, "plain text"},
        {{.server = "dns:evil.example/127.0.0.1:443", .bearer_token = "secret"}, "plain text"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exportq *exportq = NULL;
        struct err err = {0};
        assert_false(exportq_open(&rows[i].options, &exportq, &err));
        assert_null(exportq);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, rows[i].word));
        assert_null(strstr(err.text, "secret"));
    }
}

static void any_visible_text_is_a_user_and_a_token(void **state)
{
    (void)state;
    struct exportq_options options = {
        .server = "127.0.0.1:1", .user = "o'brien, pat (ops)", .bearer_token = "aA0-._~+/="};
    struct exportq *exportq = NULL;
    struct err err = {0};
    assert_true(exportq_open(&options, &exportq, &err));
    assert_false(exportq_was_reached(exportq));
    exportq_close(exportq);
    exportq_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_cannot_be_sent_are_refused_without_their_values),
        cmocka_unit_test(any_visible_text_is_a_user_and_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
