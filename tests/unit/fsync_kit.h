/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of what a power cut would undo: this program's fsync stands in front of the C library's
 * and notes which path each descriptor was of. Included once per program.
 */
#ifndef TESTS_UNIT_FSYNC_KIT_H
#define TESTS_UNIT_FSYNC_KIT_H

#include "base/defs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { FSYNC_MAX = 64, FSYNC_PATH_SIZE = 256 };

static char fsync_paths[FSYNC_MAX][FSYNC_PATH_SIZE];
static size_t fsync_count;

int fsync(int fd)
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    assert_true(fsync_count < FSYNC_MAX);
    ssize_t len = readlink(link, fsync_paths[fsync_count], FSYNC_PATH_SIZE - 1);
    assert_true(len > 0);
    fsync_paths[fsync_count++][len] = '\0';
    return (int)syscall(SYS_fsync, fd);
}

static inline bool fsync_was_called(const char *path)
{
    for (size_t i = 0; i < fsync_count; i++) {
        if (strcmp(fsync_paths[i], path) == 0)
            return true;
    }
    return false;
}

#endif
