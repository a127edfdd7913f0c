/* SPDX-License-Identifier: Apache-2.0
 *
 * See host.h.
 */
#include "base/host.h"

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
