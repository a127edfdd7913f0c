/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may be listened to while there is no authentication.
 */
#include "server/auth.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void only_loopback_may_be_listened_on(void **state)
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
        assert_int_equal(auth_check_listen(str_of(cases[i].address), &err), cases[i].is_fine);
        if (!cases[i].is_fine)
            assert_string_equal(err.field, "EXPORT_LISTEN");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_loopback_may_be_listened_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
