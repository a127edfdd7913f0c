/* SPDX-License-Identifier: Apache-2.0
 *
 * See auth.h.
 */
#include "server/auth.h"

#include "base/utf8.h"

#define OWNER_KEY "x-exportq-user"

enum { OWNER_MAX_BYTES = 128 };

static bool has_control_character(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7F)
            return true;
    return false;
}

static bool is_name(struct str text)
{
    return text.len <= OWNER_MAX_BYTES && !has_control_character(text) &&
           utf8_valid_prefix(text.ptr, text.len) == text.len;
}

bool auth_caller(const struct rpc_call *call, struct caller *out, struct err *err)
{
    struct str owner = rpc_call_metadata(call, OWNER_KEY);
    if (str_is_empty(owner))
        owner = STR(AUTH_DEFAULT_OWNER);
    if (rpc_call_metadata_count(call, OWNER_KEY) > 1 || !is_name(owner))
        return err_set(err, ERR_UNAUTHENTICATED,
                       OWNER_KEY " must be one name of 1 to %d bytes of printable UTF-8",
                       OWNER_MAX_BYTES);
    *out = (struct caller){.owner = owner};
    return true;
}

static bool is_loopback(struct str host)
{
    struct str rest = host;
    struct str part;
    int64_t number = 0;
    if (str_equal(host, STR("localhost")) || str_equal(host, STR("[::1]")))
        return true;
    size_t parts = 0;
    for (; str_next(&rest, '.', &part); parts++)
        if (part.len > 3 || !str_to_int64(part, &number) || number < 0 || number > 255 ||
            (parts == 0 && number != 127))
            return false;
    return parts == 4;
}

bool auth_check_listen(struct str address, struct err *err)
{
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    int64_t port = -1;
    struct str digits = {address.ptr + colon, address.len - colon};
    if (colon < 2 || !str_to_int64(digits, &port) || port < 0 || port > 65535)
        return err_set_field(err, "EXPORT_LISTEN",
                             "EXPORT_LISTEN is \"%.*s\"; it takes HOST:PORT, such as "
                             "127.0.0.1:50051",
                             STR_ARG(address));
    struct str host = {address.ptr, colon - 1};
    if (!is_loopback(host))
        return err_set_field(err, "EXPORT_LISTEN",
                             "EXPORT_LISTEN is \"%.*s\", which others can reach, and this version "
                             "has no authentication; listen on 127.0.0.1 and let an authenticating "
                             "proxy on this machine set x-exportq-user",
                             STR_ARG(address));
    return true;
}
