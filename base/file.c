/* SPDX-License-Identifier: Apache-2.0
 *
 * See file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 };

bool file_fill(int fd, struct buf *out)
{
    for (;;) {
        char beyond; /* whether there is more than fits, only one byte more tells */
        size_t room = out->max - out->len;
        size_t wanted = room < READ_BYTES ? room : READ_BYTES;
        ssize_t got = room ? read(fd, buf_reserve(out, wanted), wanted) : read(fd, &beyond, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (!room) {
            errno = EFBIG;
            return false;
        }
        buf_commit(out, (size_t)got);
    }
}
