/* SPDX-License-Identifier: Apache-2.0
 *
 * See keys_file.h. The lock is a file beside, for the file itself is another one after each edit.
 */
#include "server/keys_file.h"

#include "base/file.h"
#include "base/reloaded.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, OWNER_ONLY = 0600 };

static bool refuse(const char *what, const char *path, struct err *err)
{
    int error = errno;
    char why[128] = "";
    return err_set(err, ERR_INVALID, "the file of API keys %s: %s: %s", what, path,
                   strerror_r(error, why, sizeof why));
}

static bool path_beside(const struct keys_file *file, const char *ending, char out[PATH_SIZE],
                        struct err *err)
{
    int len = snprintf(out, PATH_SIZE, "%s%s", file->path, ending);
    return (len > 0 && len < PATH_SIZE) ||
           err_set(err, ERR_INVALID, "the path of the file of API keys is too long");
}

static bool read_text(struct keys_file *file, struct err *err)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || refuse("cannot be opened", file->path, err);
    bool is_read = file_fill(fd, &file->text) || refuse("cannot be read", file->path, err);
    (void)close(fd);
    return is_read;
}

static int open_directory(const char *path)
{
    char directory[PATH_SIZE];
    (void)snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    return open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Root edits for a server that runs as somebody else, who has to read it: the owner of the file or,
 * where there is none yet, of its directory. */
static bool keep_owner(const char *path, int fd)
{
    struct stat status;
    bool is_known = stat(path, &status) == 0;
    if (!is_known) {
        int directory = open_directory(path);
        is_known = directory >= 0 && fstat(directory, &status) == 0;
        if (directory >= 0)
            (void)close(directory);
    }
    return is_known && (geteuid() != 0 || fchown(fd, status.st_uid, status.st_gid) == 0);
}

bool keys_file_open(struct keys_file *file, const char *path, bool is_to_change, struct err *err)
{
    char lock[PATH_SIZE];
    *file = (struct keys_file){.path = path, .lock = -1};
    buf_init(&file->text, RELOADED_MAX_BYTES);
    if (!is_to_change)
        return read_text(file, err);
    if (!path_beside(file, ".lock", lock, err))
        return false;
    file->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, OWNER_ONLY);
    if (file->lock < 0 || !keep_owner(path, file->lock) || flock(file->lock, LOCK_EX) != 0)
        return refuse("cannot be locked", lock, err);
    return read_text(file, err);
}

static bool put(int fd, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        ssize_t len = write(fd, text.ptr + at, text.len - at);
        if (len < 0)
            return false;
        at += (size_t)len;
    }
    return fsync(fd) == 0;
}

static bool sync_directory(const char *path)
{
    int fd = open_directory(path);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_synced;
}

bool keys_file_save(const struct keys_file *file, struct str text, struct err *err)
{
    char beside[PATH_SIZE];
    if (!path_beside(file, ".new", beside, err))
        return false;
    (void)unlink(beside); /* of an edit that was killed */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OWNER_ONLY);
    if (fd < 0)
        return refuse("cannot be written", beside, err);
    bool is_written = put(fd, text) && keep_owner(file->path, fd);
    if (close(fd) != 0 || !is_written || rename(beside, file->path) != 0) {
        (void)refuse("cannot be written", beside, err);
        (void)unlink(beside);
        return false;
    }
    return sync_directory(file->path) || refuse("may be lost", file->path, err);
}

void keys_file_close(struct keys_file *file)
{
    if (file->lock >= 0)
        (void)close(file->lock);
    buf_done(&file->text);
}
