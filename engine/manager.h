/* SPDX-License-Identifier: Apache-2.0
 *
 * The service manager that started this process and waits for word of it: systemd, in a unit of
 * Type=notify. Its protocol is a datagram to the socket that NOTIFY_SOCKET names: sd_notify(3).
 */
#ifndef ENGINE_MANAGER_H
#define ENGINE_MANAGER_H

#include "base/defs.h"

#define MANAGER_READY    "READY=1"    /* who waits for the start may go on */
#define MANAGER_STOPPING "STOPPING=1" /* it drains */

/* Nobody is told where nobody waits. That it cannot be told is no error of ours: a manager that
 * hears nothing says so itself, in its time. */
void manager_tell(const char *state);

#endif
