/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a server may listen, by how it asks who calls.
 */
#include "server/auth_door.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void without_authentication_only_loopback_may_be_listened_on(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_fine;
    } cases[] = {
        {"127.0.0.1:50051", true},
        {"127.8.9.10:0", true},
        {"localhost:1", true},
        {"[::1]:50051", true},
        {"0.0.0.0:50051", false},
        {"[::]:50051", false},
        {"10.0.0.1:1", false},
        {"127.0.0.1", false},
        {":50051", false},
        {"127.0.0.1:", false},
        {"127.0.0.1:70000", false},
        {"127.0.0.1:x", false},
        {"127.0.0.1.evil.example:1", false},
        {"1270.0.0.1:1", false},
        {"127.0.0:1", false},
        {"*:50051", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        const struct auth_door door = {.setting = "EXPORT_LISTEN",
                                       .address = str_of(cases[i].address),
                                       .is_open = true,
                                       .has_tls = true};
        assert_int_equal(auth_check_door(&door, &err), cases[i].is_fine);
        if (!cases[i].is_fine)
            assert_string_equal(err.field, "EXPORT_LISTEN");
    }
}

static void others_may_call_where_they_prove_who_they_are_over_tls(void **state)
{
    (void)state;
    static const struct {
        struct auth_door door;
        const char *field;  /* of what is refused; NULL: it is fine */
        const char *advice; /* in the refusal */
    } cases[] = {
        {{.is_open = true}, "EXPORT_LISTEN", "EXPORT_AUTH=jwt or key (docs"},
        {{.is_open = true, .is_for_mtls = true},
         "EXPORT_LISTEN",
         "EXPORT_AUTH=jwt, key or mtls (docs"},
        {{.is_open = true, .has_tls = true}, "EXPORT_LISTEN", "EXPORT_AUTH"},
        {{.is_open = true, .allows_plaintext = true}, "EXPORT_LISTEN", "EXPORT_AUTH"},
        {{.is_open = false}, "EXPORT_LISTEN", "EXPORT_TLS_CERTIFICATE"},
        {{.has_tls = true}, NULL, NULL},
        {{.allows_plaintext = true}, NULL, NULL},
        {{.has_mtls = true, .has_tls = true}, "EXPORT_TLS_CLIENT_CA", "EXPORT_TLS_CLIENT_CA"},
        {{.has_mtls = true, .has_client_ca = true}, "EXPORT_TLS_CLIENT_CA", "CERTIFICATE"},
        {{.has_mtls = true, .allows_plaintext = true}, "EXPORT_TLS_CLIENT_CA", "CERTIFICATE"},
        {{.has_mtls = true, .has_tls = true, .has_client_ca = true}, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        struct auth_door door = cases[i].door;
        door.setting = "EXPORT_LISTEN";
        door.example_port = "50051";
        door.address = STR("0.0.0.0:50051");
        assert_int_equal(auth_check_door(&door, &err), cases[i].field == NULL);
        if (!cases[i].field)
            continue;
        assert_string_equal(err.field, cases[i].field);
        assert_non_null(strstr(err.text, cases[i].advice));
    }
}

static void client_certificates_are_asked_for_on_loopback_too(void **state)
{
    (void)state;
    struct err err = {0};
    struct auth_door door = {.address = STR("127.0.0.1:1"), .has_mtls = true};
    assert_false(auth_check_door(&door, &err));
    assert_string_equal(err.field, "EXPORT_TLS_CLIENT_CA");
    door = (struct auth_door){.address = STR("127.0.0.1:1")};
    assert_true(auth_check_door(&door, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_authentication_only_loopback_may_be_listened_on),
        cmocka_unit_test(others_may_call_where_they_prove_who_they_are_over_tls),
        cmocka_unit_test(client_certificates_are_asked_for_on_loopback_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
