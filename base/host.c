/* SPDX-License-Identifier: Apache-2.0
 *
 * See host.h.
 */
#include "base/host.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAME_SIZE = 256, PORT_SIZE = 8 };

struct str host_of(struct str address)
{
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    return colon ? (struct str){address.ptr, colon - 1} : address;
}

struct str host_port_of(struct str address)
{
    size_t host = host_of(address).len;
    return host < address.len ? (struct str){address.ptr + host + 1, address.len - host - 1}
                              : (struct str){0};
}

bool host_is_loopback(struct str host)
{
    struct str rest = host;
    struct str part;
    int64_t number = 0;
    size_t parts = 0;
    if (str_equal(host, STR("localhost")) || str_equal(host, STR("[::1]")))
        return true;
    for (; str_next(&rest, '.', &part); parts++)
        if (part.len > 3 || !str_to_int64(part, &number) || number < 0 || number > 255 ||
            (parts == 0 && number != 127))
            return false;
    return parts == 4;
}

/* Its addresses, to listen at; NULL: none. */
static struct addrinfo *look_up(struct str host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char name[NAME_SIZE];
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct str){host.ptr + 1, host.len - 2};
    if (host.len >= sizeof name)
        return NULL;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(host));
    return getaddrinfo(name, port, &hints, &found) == 0 ? found : NULL;
}

bool host_is_known(struct str host)
{
    struct addrinfo *found = look_up(host, NULL);
    if (found)
        freeaddrinfo(found);
    return found != NULL;
}

int host_try_listen(struct str address)
{
    const int yes = 1;
    char port[PORT_SIZE];
    (void)snprintf(port, sizeof port, "%.*s", STR_ARG(host_port_of(address)));
    struct addrinfo *found = look_up(host_of(address), port);
    if (!found)
        return 0;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_possible = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                       bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
    int failure = is_possible ? 0 : errno;
    if (fd >= 0)
        (void)close(fd);
    freeaddrinfo(found);
    return failure;
}
