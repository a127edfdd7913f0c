/* SPDX-License-Identifier: Apache-2.0
 *
 * Where webhooks may go: addresses, and URLs that name them.
 */
#include "webhook/guard.h"
#include "webhook/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return guard_is_public((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return guard_is_public((const struct sockaddr *)&v6);
}

static void addresses_of_the_public_internet_are_told_from_all_others(void **state)
{
    (void)state;
    static const char *const public[] = {
        "1.1.1.1",        "8.8.8.8",          "9.255.255.255",   "11.0.0.0",
        "100.63.255.255", "100.128.0.0",      "126.255.255.255", "128.0.0.0",
        "169.253.0.1",    "169.255.0.1",      "172.15.255.255",  "172.32.0.0",
        "192.167.0.1",    "192.169.0.1",      "198.17.255.255",  "198.20.0.0",
        "223.255.255.1",  "168.63.129.15",    "2606:4700::1111", "2a00:1450:4001::1",
        "2003::1",        "64:ff9b::808:808", "2001:200::1",     "2001:4860:4860::8888",
    };
    static const char *const private[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };
    for (size_t i = 0; i < COUNT_OF(public); i++)
        if (!is_public(public[i]))
            fail_msg("%s is public", public[i]);
    for (size_t i = 0; i < COUNT_OF(private); i++)
        if (is_public(private[i]))
            fail_msg("%s is not public", private[i]);
}

static void another_kind_of_address_is_not_public(void **state)
{
    (void)state;
    const struct sockaddr local = {.sa_family = AF_UNIX};
    assert_false(guard_is_public(&local));
}

static const struct {
    const char *url;
    bool is_fine;
    bool is_fine_where_private_is;
} urls[] = {
    {"https://example.org/hook", true, true},
    {"https://example.org:8443/hook?key=1", true, true},
    {"HTTPS://EXAMPLE.ORG", true, true},
    {"https://8.8.8.8/", true, true},
    {"https://[2606:4700::1111]/", true, true},
    {"https://notlocalhost.org/", true, true},
    {"http://example.org/", false, true},
    {"https://127.0.0.1/", false, true},
    {"https://127.1/", false, true},
    {"https://0x7f000001/", false, true},
    {"https://2130706433/", false, true},
    {"https://0177.0.0.1/", false, true},
    {"https://127.0.0.1./", false, true},
    {"https://10.0.0.1:444/", false, true},
    {"https://169.254.169.254/latest/", false, true},
    {"https://[::1]/", false, true},
    {"https://[::ffff:127.0.0.1]/", false, true},
    {"https://[fe80::1%25eth0]/", false, true},
    {"https://localhost/", false, true},
    {"https://LocalHost./", false, true},
    {"https://a.localhost/", false, true},
    {"https://alice@example.org/", false, false},
    {"https://alice:secret@example.org/", false, false},
    {"ftp://example.org/", false, false},
    {"file:///etc/passwd", false, false},
    {"gopher://example.org/", false, false},
    {"javascript:alert(1)", false, false},
    {"example.org/hook", false, false},
    {"https://", false, false},
    {"https:/example.org/", false, false},
    {"https:///example.org/", false, false},
    {"https://exa mple.org/", false, false},
    {"https://example.org/\r\nX-Evil: 1", false, false},
    {"nonsense", false, false},
};

static void urls_that_may_be_called_are_told_from_all_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        for (int is_private = 0; is_private < 2; is_private++) {
            struct err err = {0};
            bool is_fine = webhook_check_url(str_of(urls[i].url), is_private, "webhook_url", &err);
            bool expected = is_private ? urls[i].is_fine_where_private_is : urls[i].is_fine;
            if (is_fine != expected)
                fail_msg("%s, private %d: %s", urls[i].url, is_private, err.text);
            if (is_fine)
                continue;
            assert_int_equal(err.code, ERR_INVALID);
            assert_string_equal(err.field, "webhook_url");
            assert_null(strstr(err.text, "secret"));
        }
}

static void of_a_url_the_log_has_the_host_alone(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct str host = webhook_host(STR("https://example.org:8443/hush?key=hush"), &arena);
    assert_true(str_equal(host, STR("example.org")));
    assert_true(str_is_empty(webhook_host(STR("nonsense"), &arena)));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_public_internet_are_told_from_all_others),
        cmocka_unit_test(another_kind_of_address_is_not_public),
        cmocka_unit_test(urls_that_may_be_called_are_told_from_all_others),
        cmocka_unit_test(of_a_url_the_log_has_the_host_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
