/* SPDX-License-Identifier: Apache-2.0
 *
 * See local_owner.h. The queue's id is in the file .exportq-queue, which is written beside and then
 * linked: whoever comes second finds it whole.
 */
#include "files/local_owner.h"

#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char name[] = ".exportq-queue";
enum { NEW_NAME_SIZE = 40, MODE_FILE = 0600 };

static bool fail(const char *what, struct err *err)
{
    return err_set(err, ERR_STORE_UNAVAILABLE,
                   "cannot %s which queue the file store belongs to: %s", what,
                   strerrordesc_np(errno));
}

static bool write_new(int dir_fd, const char *new_name, const char *id)
{
    int fd = openat(dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
    if (fd < 0)
        return false;
    bool is_written = write(fd, id, UUID_TEXT_LEN) == UUID_TEXT_LEN && fsync(fd) == 0;
    return close(fd) == 0 && is_written;
}

static bool note(int dir_fd, const char *id, struct err *err)
{
    char new_name[NEW_NAME_SIZE];
    uint64_t random = 0;
    digest_random(&random, sizeof random);
    (void)snprintf(new_name, sizeof new_name, "%s-%016llx", name, (unsigned long long)random);
    bool is_noted = write_new(dir_fd, new_name, id) &&
                    (linkat(dir_fd, new_name, dir_fd, name, 0) == 0 || errno == EEXIST) &&
                    fsync(dir_fd) == 0;
    if (!is_noted)
        (void)fail("note", err);
    (void)unlinkat(dir_fd, new_name, 0);
    return is_noted;
}

bool local_owner_claim(int dir_fd, struct uuid queue, struct err *err)
{
    char id[UUID_TEXT_LEN + 1];
    char found[UUID_TEXT_LEN + 1] = "";
    uuid_format(queue, id);
    if (!local_owner_exists(dir_fd) && !note(dir_fd, id, err))
        return false;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_read = fd >= 0 && read(fd, found, UUID_TEXT_LEN) == UUID_TEXT_LEN;
    if (!is_read)
        (void)fail("read", err);
    if (fd >= 0)
        (void)close(fd);
    if (!is_read || strcmp(found, id) == 0)
        return is_read;
    return err_set(err, ERR_INVALID,
                   "the directory of EXPORT_STORE_URL holds the files of another queue; give each "
                   "queue (each DATABASE_URL) one of its own");
}

bool local_owner_exists(int dir_fd)
{
    return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
