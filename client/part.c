/* SPDX-License-Identifier: Apache-2.0
 *
 * See part.h.
 */
#include "client/part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0644 };

static bool cannot(struct err *err, const char *what, const char *path)
{
    return err_set(err, ERR_STORE_DENIED, "cannot %s %s: %s", what, path, strerrordesc_np(errno));
}

/* Whoever had the lock before may have shown or removed the file meanwhile. */
static bool is_still_there(const struct part *part)
{
    struct stat opened;
    struct stat named;
    return fstat(part->fd, &opened) == 0 && stat(part->path, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

bool part_open(struct part *part, const char *file, const char *key, struct err *err)
{
    part->fd = -1;
    part->is_shown = false;
    int len = snprintf(part->path, sizeof part->path, "%s%s%s.part", file ? file : "",
                       file ? "." : "", key);
    if (len >= (int)sizeof part->path)
        return err_set(err, ERR_INVALID, "the name of the file is too long");
    int fd = open(part->path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0)
        return cannot(err, "write", part->path);
    part->fd = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_there(part))
        return true;
    (void)close(fd);
    part->fd = -1; /* it is another's: nothing to remove */
    return err_set(err, ERR_BUSY, "another exportq is downloading %s", part->path);
}

bool part_write_all(int fd, const char *name, const void *bytes, size_t len, struct err *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return cannot(err, "write", name);
        at += written;
        len -= (size_t)written;
    }
    return true;
}

bool part_write(struct part *part, const void *bytes, size_t len, struct err *err)
{
    return part_write_all(part->fd, part->path, bytes, len, err);
}

bool part_clear(struct part *part, struct err *err)
{
    return ftruncate(part->fd, 0) == 0 || cannot(err, "empty", part->path);
}

bool part_show(struct part *part, const char *file, struct err *err)
{
    if (rename(part->path, file) != 0)
        return cannot(err, "name", file);
    part->is_shown = true;
    return true;
}

void part_close(struct part *part, bool is_kept)
{
    struct stat status;
    if (part->fd < 0)
        return;
    bool has_bytes = fstat(part->fd, &status) == 0 && status.st_size > 0;
    if (!part->is_shown && !(is_kept && has_bytes))
        (void)unlink(part->path);
    (void)close(part->fd); /* its bytes were checked; the lock ends with it */
    part->fd = -1;
}
