/* SPDX-License-Identifier: Apache-2.0
 *
 * A file, read whole.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

/* Appends what is left of a file to the buffer. False, and errno says why: EFBIG if it is more than
 * the buffer may hold, which then is full. */
bool file_fill(int fd, struct buf *out) MUST_CHECK;

#endif
