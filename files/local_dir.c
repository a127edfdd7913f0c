/* SPDX-License-Identifier: Apache-2.0
 *
 * See local_dir.h. The lock is flock(2): the kernel drops it when the process ends, however it
 * ends. Shared stores hold it shared, so that nobody opens the directory exclusively beside them.
 */
#include "files/local_dir.h"

#include "base/buf.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PART_RANDOM_BYTES = 8,
    PART_RANDOM_LEN = 2 * PART_RANDOM_BYTES,
    PART_MAX_AGE_S = 3600,
    MODE_DIR = 0700,
    MODE_FILE = 0600,
    MAX_PATH = 4096,
};

static const char lock_name[] = ".lock";
static const char part_mark[] = ".part-";
enum { PART_MARK_LEN = sizeof part_mark - 1 };

_Static_assert(FILES_MAX_KEY + PART_MARK_LEN + PART_RANDOM_LEN < LOCAL_NAME_SIZE, "names fit");

void local_dir_name(struct str key, char out[LOCAL_NAME_SIZE])
{
    memcpy(out, key.ptr, key.len);
    out[key.len] = '\0';
}

void local_dir_part_name(struct str key, char out[LOCAL_NAME_SIZE])
{
    uint64_t number = 0;
    digest_random(&number, sizeof number);
    (void)snprintf(out, LOCAL_NAME_SIZE, "%.*s%s%0*llx", STR_ARG(key), part_mark, PART_RANDOM_LEN,
                   (unsigned long long)number);
}

static bool is_part_name(struct str name)
{
    size_t tail = PART_MARK_LEN + PART_RANDOM_LEN;
    if (name.len <= tail)
        return false;
    struct str key = {name.ptr, name.len - tail};
    struct str mark = {name.ptr + key.len, PART_MARK_LEN};
    struct str number = {mark.ptr + mark.len, PART_RANDOM_LEN};
    for (size_t i = 0; i < number.len; i++) {
        bool is_hex = (number.ptr[i] >= '0' && number.ptr[i] <= '9') ||
                      (number.ptr[i] >= 'a' && number.ptr[i] <= 'f');
        if (!is_hex)
            return false;
    }
    return files_key_is_legal(key) && str_equal(mark, STR(part_mark));
}

static bool refuse(struct str path, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "EXPORT_STORE_URL: %s the directory %.*s: %s", what,
                   STR_ARG(path), strerrordesc_np(errno));
}

/* mkdir -p. */
static bool make_directories(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        int result = mkdir(path, MODE_DIR);
        *at = '/';
        if (result < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return false;
    }
    return mkdir(path, MODE_DIR) == 0 || errno == EEXIST;
}

static bool open_directory(struct str path, struct local_dir *dir, struct err *err)
{
    if (str_is_empty(path) || path.len >= MAX_PATH || memchr(path.ptr, '\0', path.len))
        return err_set(err, ERR_INVALID, "EXPORT_STORE_URL: file: needs a directory after it");
    if (str_starts_with(path, STR("//")) && !str_starts_with(path, STR("///"))) {
        return err_set(err, ERR_INVALID,
                       "EXPORT_STORE_URL: file:%.*s names a host; write file:/DIR", STR_ARG(path));
    }
    char text[MAX_PATH];
    memcpy(text, path.ptr, path.len);
    text[path.len] = '\0';
    if (!make_directories(text))
        return refuse(path, "cannot make", err);
    dir->fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0)
        return refuse(path, "cannot open", err);
    return true;
}

/* Calls `visit` for each regular file that looks like ours, until it returns false. */
static bool walk(const struct local_dir *dir,
                 bool (*visit)(const struct local_dir *dir, const char *name,
                               const struct stat *facts))
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (!names) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    bool goes_on = true;
    struct dirent *entry = NULL;
    while (goes_on && (entry = readdir(names)) != NULL) { // NOLINT(concurrency-mt-unsafe): own DIR
        struct stat facts;
        struct str name = str_of(entry->d_name);
        if ((files_key_is_legal(name) || is_part_name(name)) &&
            fstatat(dir->fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(facts.st_mode))
            goes_on = visit(dir, entry->d_name, &facts);
    }
    (void)closedir(names);
    return goes_on;
}

static bool find_one(const struct local_dir *dir, const char *name, const struct stat *facts)
{
    (void)dir;
    (void)name;
    (void)facts;
    errno = ENOTEMPTY;
    return false;
}

static bool remove_one(const struct local_dir *dir, const char *name, const struct stat *facts)
{
    (void)facts;
    return unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT;
}

static bool remove_old_part(const struct local_dir *dir, const char *name, const struct stat *facts)
{
    int64_t age_s = clock_now_ms(&clock_system) / 1000 - facts->st_mtime;
    if (age_s <= PART_MAX_AGE_S || !is_part_name(str_of(name)))
        return true;
    return remove_one(dir, name, facts);
}

/* Takes the lock. A directory that has no .lock yet must hold nothing we would remove. */
static bool lock(struct str path, enum files_sharing sharing, struct local_dir *dir,
                 struct err *err)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    dir->lock_fd = openat(dir->fd, lock_name, flags);
    if (dir->lock_fd < 0 && errno == ENOENT) {
        if (!walk(dir, find_one)) {
            return err_set(err, ERR_INVALID,
                           "EXPORT_STORE_URL: the directory %.*s holds files of others; give an "
                           "empty one",
                           STR_ARG(path));
        }
        dir->lock_fd = openat(dir->fd, lock_name, flags | O_CREAT, MODE_FILE);
    }
    if (dir->lock_fd < 0)
        return refuse(path, "cannot lock", err);
    int wanted = sharing == FILES_EXCLUSIVE ? LOCK_EX : LOCK_SH;
    if (flock(dir->lock_fd, wanted | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return refuse(path, "cannot lock", err);
    return err_set(err, ERR_BUSY,
                   "another exportqd uses the directory %.*s; set EXPORT_STORE_URL to another one "
                   "or stop it",
                   STR_ARG(path));
}

bool local_dir_open(struct str path, enum files_sharing sharing, struct local_dir *out,
                    struct err *err)
{
    struct local_dir dir = {-1, -1};
    bool is_open = open_directory(path, &dir, err) && lock(path, sharing, &dir, err);
    if (is_open && !walk(&dir, sharing == FILES_EXCLUSIVE ? remove_one : remove_old_part))
        is_open = refuse(path, "cannot clean", err);
    if (!is_open) {
        local_dir_close(&dir);
        return false;
    }
    *out = dir;
    return true;
}

void local_dir_close(struct local_dir *dir)
{
    if (dir->lock_fd >= 0)
        (void)close(dir->lock_fd);
    if (dir->fd >= 0)
        (void)close(dir->fd);
    *dir = (struct local_dir){-1, -1};
}
