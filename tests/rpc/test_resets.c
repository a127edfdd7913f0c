/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that resets too many calls in a second is cut off, by its address as gRPC prints it.
 */
#include "rpc/accept.h"
#include "rpc/resets.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* accept.h's, as gRPC calls it. */
int take(int listener, struct sockaddr *address, socklen_t *len, int flags) __asm__("accept4");

enum { PEER_SIZE = 80 };

struct wire {
    int listener;
    int client;
    int server;
    int port; /* of the server */
    char peer[PEER_SIZE];
};

/* Ports, in host order, of an IPv4 or IPv6 socket's own end. */
static int port_of(int fd)
{
    struct sockaddr_in6 own;
    socklen_t len = sizeof own;
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&own, &len));
    return ntohs(own.sin6_port); /* in the same place in both */
}

static void connect_over(struct wire *wire, const struct sockaddr *address, socklen_t len,
                         const char *prefix)
{
    struct err err;
    assert_true(accept_limit(0, &err));
    wire->listener = socket(address->sa_family, SOCK_STREAM, 0);
    assert_int_equal(0, bind(wire->listener, address, len));
    assert_int_equal(0, listen(wire->listener, 1));
    struct sockaddr_in6 bound;
    socklen_t bound_len = sizeof bound;
    assert_int_equal(0, getsockname(wire->listener, (struct sockaddr *)&bound, &bound_len));
    wire->client = socket(address->sa_family, SOCK_STREAM, 0);
    assert_int_equal(0, connect(wire->client, (struct sockaddr *)&bound, bound_len));
    wire->server = take(wire->listener, NULL, NULL, 0);
    assert_true(wire->server >= 0);
    wire->port = port_of(wire->server);
    (void)snprintf(wire->peer, sizeof wire->peer, "%s:%d", prefix, port_of(wire->client));
}

static void connect_ipv4(struct wire *wire)
{
    const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect_over(wire, (const struct sockaddr *)&loopback, sizeof loopback, "ipv4:127.0.0.1");
}

static void disconnect(struct wire *wire)
{
    (void)close(wire->client);
    (void)close(wire->server);
    (void)close(wire->listener);
}

static bool is_open(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}

/* How many resets of this peer it takes until it is cut off; `most` if it is not. */
static int resets_until_cut(struct resets *resets, const char *peer, int port, int most)
{
    int count = 1;
    while (count < most && !resets_count(resets, str_of(peer), port))
        count++;
    return count;
}

static void expect_cut(struct wire *wire)
{
    struct resets resets;
    resets_init(&resets);
    assert_int_equal(RESETS_MOST,
                     resets_until_cut(&resets, wire->peer, wire->port, 2 * RESETS_MOST));
    assert_false(is_open(wire->server));
    disconnect(wire);
    resets_done(&resets);
}

static void a_peer_that_resets_too_many_calls_is_cut_off(void **state)
{
    (void)state;
    struct wire wire;
    connect_ipv4(&wire);
    expect_cut(&wire);
}

static void a_peer_is_found_by_its_ipv6_address(void **state)
{
    (void)state;
    const struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has_ipv6 =
        probe >= 0 && bind(probe, (const struct sockaddr *)&loopback, sizeof loopback) == 0;
    (void)close(probe);
    if (!has_ipv6) { /* as in some containers, where the rest must pass all the same */
        print_message("no IPv6 here: nothing to find\n");
        return;
    }
    static const char *const forms[] = {"ipv6:%5B::1%5D", "ipv6:[::1]"};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct wire wire;
        connect_over(&wire, (const struct sockaddr *)&loopback, sizeof loopback, forms[i]);
        expect_cut(&wire);
    }
}

static void a_connection_with_another_door_stays(void **state)
{
    (void)state;
    struct resets resets;
    struct wire wire;
    resets_init(&resets);
    connect_ipv4(&wire);
    assert_int_equal(3 * RESETS_MOST,
                     resets_until_cut(&resets, wire.peer, wire.port + 1, 3 * RESETS_MOST));
    assert_true(is_open(wire.server));
    disconnect(&wire);
    resets_done(&resets);
}

static void peers_that_meet_in_one_place_count_against_each_other(void **state)
{
    (void)state;
    struct resets resets;
    struct wire wire;
    char other[PEER_SIZE];
    resets_init(&resets);
    connect_ipv4(&wire);
    int port = port_of(wire.client);
    port += port > RESETS_COUNTED ? -RESETS_COUNTED : RESETS_COUNTED;
    (void)snprintf(other, sizeof other, "ipv4:127.0.0.1:%d", port);
    for (int i = 0; i < 2 * RESETS_MOST; i++) {
        assert_false(resets_count(&resets, str_of(wire.peer), wire.port));
        assert_false(resets_count(&resets, str_of(other), wire.port));
    }
    assert_true(is_open(wire.server));
    disconnect(&wire);
    resets_done(&resets);
}

static void what_is_no_address_is_not_counted(void **state)
{
    (void)state;
    static const char *const peers[] = {"",
                                        "unix:",
                                        "unix:/run/exportq.sock",
                                        "ipv4:127.0.0.1",
                                        "ipv4:127.0.0.1:",
                                        "ipv4:127.0.0.1:99999",
                                        "ipv4:127.0.0.1.1:80",
                                        "ipv6:%5B::1:80",
                                        "ipv4::80"};
    struct resets resets;
    resets_init(&resets);
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        assert_int_equal(2 * RESETS_MOST, resets_until_cut(&resets, peers[i], 1, 2 * RESETS_MOST));
    resets_done(&resets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_resets_too_many_calls_is_cut_off),
        cmocka_unit_test(a_peer_is_found_by_its_ipv6_address),
        cmocka_unit_test(a_connection_with_another_door_stays),
        cmocka_unit_test(peers_that_meet_in_one_place_count_against_each_other),
        cmocka_unit_test(what_is_no_address_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
