/* SPDX-License-Identifier: Apache-2.0
 *
 * Which durable queue a directory of files belongs to. A queue removes the files that no job of its
 * own has; so two queues must not share a directory, and one in memory, which removes all, must not
 * take that of a durable one.
 */
#ifndef FILES_LOCAL_OWNER_H
#define FILES_LOCAL_OWNER_H

#include "base/err.h"
#include "base/uuid.h"

/* Makes the directory the queue's, once and for all; any number of processes of one queue may do so
 * at once. ERR_INVALID: it is another's. */
bool local_owner_claim(int dir_fd, struct uuid queue, struct err *err) MUST_CHECK;

/* Whether it is any queue's. */
bool local_owner_exists(int dir_fd);

#endif
