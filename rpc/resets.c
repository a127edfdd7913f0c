/* SPDX-License-Identifier: Apache-2.0
 *
 * See resets.h. A fixed table of counts, by port: peers that meet in one place count against each
 * other, so the one that resets more stays. gRPC has no way to close a connection, so its
 * descriptor is looked for, as in accept.c.
 */
#include "rpc/resets.h"

#include "base/clock.h"
#include "base/host.h"
#include "rpc/accept.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void resets_init(struct resets *resets)
{
    memset(resets, 0, sizeof *resets);
    pthread_mutex_init(&resets->mutex, NULL);
}

void resets_done(struct resets *resets)
{
    pthread_mutex_destroy(&resets->mutex);
}

static struct in6_addr mapped(struct in_addr address)
{
    struct in6_addr out = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&out.s6_addr[12], &address, sizeof address);
    return out;
}

static bool read_address(const char *text, struct in6_addr *out)
{
    struct in_addr ipv4;
    if (inet_pton(AF_INET, text, &ipv4) != 1)
        return inet_pton(AF_INET6, text, out) == 1;
    *out = mapped(ipv4);
    return true;
}

/* What is before the first of these characters. */
static struct str until(struct str s, const char *ends)
{
    for (; *ends; ends++)
        s.len = str_find(s, *ends);
    return s;
}

static bool take_prefix(struct str *s, struct str prefix)
{
    if (!str_starts_with(*s, prefix))
        return false;
    *s = (struct str){s->ptr + prefix.len, s->len - prefix.len};
    return true;
}

/* "ipv4:127.0.0.1:4711" or "ipv6:%5B::1%5D:4711"; a zone ("%5Bfe80::1%25eth0%5D") is left out. */
static bool read_peer(struct str peer, struct resets_peer *out)
{
    char text[INET6_ADDRSTRLEN];
    int64_t port;
    struct str host = host_of(peer);
    if (!str_to_int64(host_port_of(peer), &port) || port < 0 || port > UINT16_MAX)
        return false;
    if (!take_prefix(&host, STR("ipv4:")) && !take_prefix(&host, STR("ipv6:")))
        return false;
    (void)(take_prefix(&host, STR("%5B")) || take_prefix(&host, STR("[")));
    host = until(host, "%]");
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    out->port = htons((uint16_t)port);
    return read_address(text, &out->address);
}

static bool is_same(const struct resets_peer *a, const struct resets_peer *b)
{
    return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static bool is_too_many(struct resets *resets, const struct resets_peer *peer, int64_t now_ms)
{
    pthread_mutex_lock(&resets->mutex);
    struct resets_count *place = &resets->counts[ntohs(peer->port) % RESETS_COUNTED];
    if (place->count == 0 || now_ms - place->since_ms >= RESETS_WINDOW_MS)
        *place = (struct resets_count){.peer = *peer, .since_ms = now_ms};
    if (is_same(&place->peer, peer)) {
        place->count++;
    } else {
        place->count--;
    }
    bool is_too_many = place->count >= RESETS_MOST;
    if (is_too_many)
        place->count = 0;
    pthread_mutex_unlock(&resets->mutex);
    return is_too_many;
}

/* --- the connection --------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* Of getsockname or getpeername. */
static bool find_end(int fd, int (*end)(int, struct sockaddr *, socklen_t *),
                     struct resets_peer *out)
{
    union address address = {.any = {.sa_family = 0}};
    socklen_t len = sizeof address;
    if (end(fd, &address.any, &len) != 0)
        return false;
    if (address.any.sa_family == AF_INET) {
        *out = (struct resets_peer){mapped(address.ipv4.sin_addr), address.ipv4.sin_port};
        return true;
    }
    *out = (struct resets_peer){address.ipv6.sin6_addr, address.ipv6.sin6_port};
    return address.any.sa_family == AF_INET6;
}

static bool is_between(int fd, const struct resets_peer *peer, int port)
{
    struct resets_peer near;
    struct resets_peer far;
    return find_end(fd, getpeername, &far) && is_same(&far, peer) &&
           find_end(fd, getsockname, &near) && ntohs(near.port) == port;
}

/* gRPC sees the end of what comes in, and closes; with nothing to linger for the kernel then resets
 * the connection, and keeps none of what is on its way. */
static bool end_connection(int fd)
{
    const struct linger none = {.l_onoff = 1};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0 &&
           shutdown(fd, SHUT_RDWR) == 0;
}

/* By a duplicate of the descriptor: gRPC may close its own meanwhile, and the number then be
 * another's. */
static bool cut_off(const struct resets_peer *peer, int port)
{
    int last = accept_highest();
    for (int fd = 0; fd <= last; fd++) {
        if (!is_between(fd, peer, port))
            continue;
        int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        bool is_cut = own >= 0 && is_between(own, peer, port) && end_connection(own);
        if (own >= 0)
            (void)close(own);
        return is_cut;
    }
    return false;
}

bool resets_count(struct resets *resets, struct str peer, int port)
{
    struct resets_peer who;
    return read_peer(peer, &who) && is_too_many(resets, &who, clock_monotonic_ms()) &&
           cut_off(&who, port);
}
