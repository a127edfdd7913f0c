/* SPDX-License-Identifier: Apache-2.0
 *
 * See guard.h. The ranges are those of IANA's special-purpose registries that are not globally
 * reachable, multicast, and what clouds answer at.
 */
#include "webhook/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { HOST_MAX = 128, V4_SIZE = 4, BYTE_BITS = 8 };

struct range {
    uint8_t bytes[sizeof(struct in6_addr)];
    unsigned bits;
};

static const struct range private_v4[] = {
    {{0}, 8},                 /* this network; 0.0.0.0 is this machine */
    {{10}, 8},                /* private */
    {{100, 64}, 10},          /* carrier-grade NAT; metadata of some clouds */
    {{127}, 8},               /* loopback */
    {{168, 63, 129, 16}, 32}, /* Azure's own, of every machine there */
    {{169, 254}, 16},         /* link-local; metadata of most clouds */
    {{172, 16}, 12},          /* private */
    {{192, 0, 0}, 24},        /* protocol assignments */
    {{192, 0, 2}, 24},        /* documentation */
    {{192, 88, 99}, 24},      /* 6to4 relays */
    {{192, 168}, 16},         /* private */
    {{198, 18}, 15},          /* benchmarks */
    {{198, 51, 100}, 24},     /* documentation */
    {{203, 0, 113}, 24},      /* documentation */
    {{224}, 4},               /* multicast */
    {{240}, 4},               /* reserved, broadcast */
};

static const struct range public_v6 = {{0x20}, 3}; /* all that is given out to anybody */

static const struct range private_v6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments: Teredo, ORCHID, … */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4, which leads to an IPv4 address */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* NAT64: the last four bytes are the IPv4 address that it leads to. */
static const struct range nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool is_in(const uint8_t *address, const struct range *range)
{
    unsigned whole = range->bits / BYTE_BITS;
    unsigned rest = range->bits % BYTE_BITS;
    if (memcmp(address, range->bytes, whole) != 0)
        return false;
    unsigned mask = 0xffU << (BYTE_BITS - rest) & 0xffU;
    return rest == 0 || (address[whole] & mask) == (range->bytes[whole] & mask);
}

static bool is_in_any(const uint8_t *address, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(address, &ranges[i]))
            return true;
    return false;
}

static bool is_public_v4(const uint8_t *address)
{
    return !is_in_any(address, private_v4, COUNT_OF(private_v4));
}

static bool is_public_v6(const struct in6_addr *address)
{
    const uint8_t *bytes = address->s6_addr;
    if (is_in(bytes, &nat64))
        return is_public_v4(bytes + sizeof *address - V4_SIZE);
    return is_in(bytes, &public_v6) && !is_in_any(bytes, private_v6, COUNT_OF(private_v6));
}

bool guard_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        uint8_t bytes[V4_SIZE];
        memcpy(bytes, &v4.sin_addr, sizeof bytes);
        return is_public_v4(bytes);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return is_public_v6(&v6.sin6_addr);
    }
    return false;
}

static bool is_localhost(struct str host)
{
    static const char name[] = "localhost";
    const size_t len = sizeof name - 1;
    if (host.len < len)
        return false;
    size_t begin = host.len - len;
    return str_equal_nocase((struct str){host.ptr + begin, len}, STR("localhost")) &&
           (begin == 0 || host.ptr[begin - 1] == '.');
}

bool guard_is_public_host(struct str host)
{
    char text[HOST_MAX];
    uint8_t v4[V4_SIZE];
    struct in6_addr v6;
    if (host.len && host.ptr[host.len - 1] == '.')
        host.len--; /* a name of the root, which leads where it does without */
    bool has_brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    struct str bare = has_brackets ? (struct str){host.ptr + 1, host.len - 2} : host;
    bare.len = str_find(bare, '%'); /* without its zone */
    if (bare.len >= sizeof text)
        return !has_brackets && !is_localhost(host);
    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(bare));
    if (inet_pton(AF_INET, text, v4) == 1)
        return is_public_v4(v4);
    if (inet_pton(AF_INET6, text, &v6) == 1)
        return is_public_v6(&v6);
    return !is_localhost(host);
}
