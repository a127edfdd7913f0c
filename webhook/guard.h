/* SPDX-License-Identifier: Apache-2.0
 *
 * Where webhooks may go: not to this machine, its network or what a cloud keeps for itself, for
 * whoever names a URL would reach through us what only we can reach. Asked of the address that is
 * connected to, not of the name, so that no answer of DNS gets around it.
 */
#ifndef WEBHOOK_GUARD_H
#define WEBHOOK_GUARD_H

#include "base/str.h"

#include <sys/socket.h>

/* Whether the address is of the public internet. */
bool guard_is_public(const struct sockaddr *address);

/* The same of a host as a URL names it: an address as text, brackets around IPv6, or a name. A name
 * is public here, whatever it leads to, but for localhost and what ends in it. */
bool guard_is_public_host(struct str host);

#endif
