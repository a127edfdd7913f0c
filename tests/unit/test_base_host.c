/* SPDX-License-Identifier: Apache-2.0
 *
 * Which hosts are this machine.
 */
#include "base/host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void this_machine_is_told_from_others(void **state)
{
    static const struct {
        const char *address;
        bool is_loopback;
    } rows[] = {
        {"127.0.0.1:50051", true},
        {"127.255.0.9:1", true},
        {"localhost:50051", true},
        {"localhost", true},
        {"[::1]:50051", true},
        {"10.0.0.1:50051", false},
        {"128.0.0.1:50051", false},
        {"127.0.0.1.evil.org:1", false},
        {"localhost.evil.org:1", false},
        {"127.0.0:1", false},
        {"127.0.0.1.1:1", false},
        {"127.0.0.256:1", false},
        {"0x7f.0.0.1:1", false},
        {"0127.0.0.1:1", false},
        {"[::]:50051", false},
        {"[::ffff:10.0.0.1]:1", false},
        {"exports.example.org", false},
        {"", false},
        {":50051", false},
        {"127.0.0.1@evil.org:1", false},
        {"dns:evil.org/127.0.0.1:1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(host_is_loopback(host_of(str_of(rows[i].address))), rows[i].is_loopback);
}

static void an_address_is_parted_at_its_last_colon(void **state)
{
    static const struct {
        const char *address;
        const char *host;
        const char *port;
    } rows[] = {
        {"127.0.0.1:50051", "127.0.0.1", "50051"},
        {"[::1]:1", "[::1]", "1"},
        {"host", "host", ""},
        {"host:", "host", ""},
        {":1", "", "1"},
        {"", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(str_equal(host_of(str_of(rows[i].address)), str_of(rows[i].host)));
        assert_true(str_equal(host_port_of(str_of(rows[i].address)), str_of(rows[i].port)));
    }
}

static void a_name_that_nobody_knows_is_told_from_an_address(void **state)
{
    static const struct {
        const char *host;
        bool is_known;
    } rows[] = {
        {"0.0.0.0", true},         {"[::]", true},       {"10.0.0.1", true}, {"localhost", true},
        {"nohost.invalid", false}, {"999.0.0.1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(host_is_known(str_of(rows[i].host)), rows[i].is_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_is_told_from_others),
        cmocka_unit_test(an_address_is_parted_at_its_last_colon),
        cmocka_unit_test(a_name_that_nobody_knows_is_told_from_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
