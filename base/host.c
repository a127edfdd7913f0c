/* SPDX-License-Identifier: Apache-2.0
 *
 * See host.h.
 */
#include "base/host.h"

#include <netdb.h>
#include <sys/socket.h>

enum { NAME_SIZE = 256 };

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

bool host_is_known(struct str host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char name[NAME_SIZE];
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct str){host.ptr + 1, host.len - 2};
    if (host.len >= sizeof name)
        return false;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(host));
    bool is_known = getaddrinfo(name, NULL, &hints, &found) == 0;
    if (is_known)
        freeaddrinfo(found);
    return is_known;
}
