/* SPDX-License-Identifier: Apache-2.0
 *
 * See auth_door.h.
 */
#include "server/auth_door.h"

#include "base/host.h"

static bool read_host(const struct auth_door *door, struct str *out, struct err *err)
{
    struct str host = host_of(door->address);
    int64_t port = -1;
    if (str_is_empty(host) || !str_to_int64(host_port_of(door->address), &port) || port < 0 ||
        port > 65535)
        return err_set_field(err, door->setting,
                             "%s is \"%.*s\"; it takes HOST:PORT, such as 127.0.0.1:%s",
                             door->setting, STR_ARG(door->address), door->example_port);
    *out = host;
    return true;
}

bool auth_check_door(const struct auth_door *door, struct err *err)
{
    struct str host = {0};
    if (!read_host(door, &host, err))
        return false;
    if (door->has_mtls && !(door->has_tls && door->has_client_ca))
        return err_set_field(err, "EXPORT_TLS_CLIENT_CA",
                             "EXPORT_AUTH=mtls needs TLS that asks for client certificates; set "
                             "EXPORT_TLS_CERTIFICATE, EXPORT_TLS_KEY and EXPORT_TLS_CLIENT_CA");
    if (host_is_loopback(host))
        return true;
    if (!host_is_known(host))
        return err_set_field(err, door->setting,
                             "%s is \"%.*s\", and this machine knows no address of %.*s; check the "
                             "name, or give an address of this machine, such as 127.0.0.1:%s",
                             door->setting, STR_ARG(door->address), STR_ARG(host),
                             door->example_port);
    if (door->is_open)
        return err_set_field(err, door->setting,
                             "%s is \"%.*s\", which others can reach, and EXPORT_AUTH is "
                             "none; say how callers prove who they are, with EXPORT_AUTH=%s "
                             "(docs/security.md), or listen on 127.0.0.1",
                             door->setting, STR_ARG(door->address),
                             door->is_for_mtls ? "jwt, key or mtls" : "jwt or key");
    if (!door->has_tls && !door->allows_plaintext)
        return err_set_field(err, door->setting,
                             "%s is \"%.*s\", which others can reach, and credentials "
                             "would pass in the clear; set EXPORT_TLS_CERTIFICATE and "
                             "EXPORT_TLS_KEY (docs/security.md), or EXPORT_ALLOW_PLAINTEXT=1 if a "
                             "proxy in front ends TLS",
                             door->setting, STR_ARG(door->address));
    return true;
}
