/* SPDX-License-Identifier: Apache-2.0
 *
 * How many connections this process takes. gRPC 1.51 has no limit, and its listener stops for good
 * when accept4 fails, as it does when the process is out of descriptors. So the program brings an
 * accept4 of its own, which libgrpc calls instead of the C library's: what is beyond the limit is
 * closed at once and counted, and no failure of a single connection reaches gRPC. Inside rpc/ only.
 */
#ifndef RPC_ACCEPT_H
#define RPC_ACCEPT_H

#include "base/err.h"

enum { ACCEPT_DEFAULT_CONNECTIONS = 10000, ACCEPT_FILES_BESIDE = 256 };

/* Connections at a time from now on, of all servers of the process: of each port by itself. 0:
 * ACCEPT_DEFAULT_CONNECTIONS, or as many as the limit of open files leaves. Raises the soft limit
 * of open files, so that ACCEPT_FILES_BESIDE are left for files and databases; ERR_INVALID if the
 * hard one is too low. */
bool accept_limit(unsigned max_connections, struct err *err) MUST_CHECK;

/* No connection of the process had a higher descriptor so far. Thread-safe. */
int accept_highest(void);

#endif
