/* SPDX-License-Identifier: Apache-2.0
 *
 * A download on its way to disk: FILE.KEY.part, beside FILE, which gets its name when it is whole.
 * What was broken off stays for the next download with the same key, which must stand for the same
 * bytes. A lock keeps two downloads apart.
 *
 * Life: part_open, any number of part_write, then part_show, and part_close in any case.
 */
#ifndef CLIENT_PART_H
#define CLIENT_PART_H

#include "base/err.h"

enum { PART_PATH_BYTES = 4096 };

struct part {
    int fd; /* -1: not open */
    bool is_shown;
    char path[PART_PATH_BYTES];
};

/* Beside `file`; NULL: in this directory. Its bytes, if any, are those of an earlier download. */
bool part_open(struct part *part, const char *file, const char *key, struct err *err) MUST_CHECK;

bool part_write(struct part *part, const void *bytes, size_t len, struct err *err) MUST_CHECK;

/* Drops the bytes of an earlier download. */
bool part_clear(struct part *part, struct err *err) MUST_CHECK;

/* Gives it its name, over a file that is there. */
bool part_show(struct part *part, const char *file, struct err *err) MUST_CHECK;

/* Removes it unless it was shown, or is to be kept for the next time. Also for one that never
 * opened. */
void part_close(struct part *part, bool is_kept);

/* Writes all bytes to a descriptor; `name` is for the error. */
bool part_write_all(int fd, const char *name, const void *bytes, size_t len,
                    struct err *err) MUST_CHECK;

#endif
