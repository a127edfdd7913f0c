/* SPDX-License-Identifier: Apache-2.0
 *
 * The host of "HOST:PORT", and whether it is this machine: what is said to it in plain text, nobody
 * else hears. Only the last two look names up; "localhost" is taken at its word.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/str.h"

/* What is before the last colon; all of it without one. */
struct str host_of(struct str address);

/* What is behind it; empty without one. */
struct str host_port_of(struct str address);

/* localhost, [::1], and 127.x.x.x in four decimal numbers; anything else might be elsewhere. */
bool host_is_loopback(struct str host);

/* Whether it is an address, or a name that this machine can look up, which may take seconds. */
bool host_is_known(struct str host);

/* Tries to listen at "HOST:PORT": why that cannot be, as an errno; 0: it can, or nobody knows. For
 * who was told no more than that it failed. */
int host_try_listen(struct str address);

#endif
