/* SPDX-License-Identifier: Apache-2.0
 *
 * Which hosts are this machine.
 */
#include "base/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void why_nobody_can_listen_somewhere_is_told(void **state)
{
    (void)state;
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof taken;
    char address[32];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof taken), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&taken, &len), 0);
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(taken.sin_port));
    assert_int_equal(host_try_listen(str_of(address)), EADDRINUSE);
    (void)close(fd);
    assert_int_equal(host_try_listen(STR("192.0.2.1:0")), EADDRNOTAVAIL);
    assert_int_equal(host_try_listen(STR("127.0.0.1:0")), 0);
    assert_int_equal(host_try_listen(STR("nohost.invalid:0")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_is_told_from_others),
        cmocka_unit_test(an_address_is_parted_at_its_last_colon),
        cmocka_unit_test(a_name_that_nobody_knows_is_told_from_an_address),
        cmocka_unit_test(why_nobody_can_listen_somewhere_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
