/* SPDX-License-Identifier: Apache-2.0
 *
 * See local_dir.h. The lock is flock(2): the kernel drops it when the process ends, however it
 * ends. Shared stores hold it shared, so that nobody opens the directory exclusively beside them.
 */
#include "files/local_dir.h"

#include "files/local_owner.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    PART_RANDOM_BYTES = 8,
    PART_RANDOM_LEN = 2 * PART_RANDOM_BYTES,
    PART_MAX_AGE_MS = 60 * 60 * 1000,
    NANOSECONDS_OF_MS = 1000000,
    MODE_DIR = 0700,
    MODE_FILE = 0600,
    MAX_PATH = 4096,
};

static const char marker_name[] = ".exportq-store";
static const char marker_text[] = "exportq file store 1\n";
static const char hex_digits[] = "0123456789abcdef";
enum { MARKER_LEN = sizeof marker_text - 1 };
static const char part_mark[] = ".part-";
enum { PART_MARK_LEN = sizeof part_mark - 1 };

_Static_assert(FILES_MAX_KEY + PART_MARK_LEN + PART_RANDOM_LEN < LOCAL_NAME_SIZE, "names fit");
_Static_assert(LOCAL_NAME_SIZE <= FILES_MAX_NAME + 1, "and are shown");
_Static_assert(FILE_KEY_SIZE <= FILES_MAX_KEY + 1, "a job's key is a key");

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

/* As a part's number. */
static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr(hex_digits, text.ptr[i], sizeof hex_digits - 1))
            return false;
    }
    return text.len > 0;
}

/* What comes before the mark and the number of a part; the whole name, if it has none. */
static struct str cut_part(struct str name)
{
    size_t tail = PART_MARK_LEN + PART_RANDOM_LEN;
    if (name.len <= tail)
        return name;
    struct str key = {name.ptr, name.len - tail};
    struct str mark = {name.ptr + key.len, PART_MARK_LEN};
    struct str number = {mark.ptr + mark.len, PART_RANDOM_LEN};
    return str_equal(mark, STR(part_mark)) && is_hex(number) ? key : name;
}

bool local_dir_parse(struct str name, struct file_key *out, size_t *out_key_len)
{
    struct str key = cut_part(name);
    *out_key_len = key.len;
    return file_key_parse(key, out);
}

static bool is_ours(struct str name)
{
    struct file_key ignored;
    size_t key_len = 0;
    return local_dir_parse(name, &ignored, &key_len);
}

static bool is_part_of_ours(struct str name)
{
    return cut_part(name).len < name.len && is_ours(name);
}

static bool refuse(struct str path, const char *what, struct err *err)
{
    bool is_denied = errno == EACCES || errno == EPERM;
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    return err_set(err, ERR_INVALID, "EXPORT_STORE_URL: %s the directory %.*s: %s; %s", what,
                   STR_ARG(path), strerrordesc_np(errno),
                   is_denied ? "let this user read and write there, or give another directory"
                   : is_full ? "free space there, or give another directory"
                             : "give another directory");
}

/* One directory, durably; one that is there is fine. */
static bool make_directory(const char *path)
{
    if (mkdir(path, MODE_DIR) < 0)
        return errno == EEXIST;
    char parent[MAX_PATH + sizeof "/.."];
    (void)snprintf(parent, sizeof parent, "%s/..", path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int failure = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = failure;
    return is_synced;
}

/* mkdir -p. */
static bool make_directories(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        bool is_made = make_directory(path);
        *at = '/';
        if (!is_made && errno != EROFS && errno != EACCES)
            return false;
    }
    return make_directory(path);
}

/* The path as a text, if it is one. */
static bool take_path(struct str path, char out[MAX_PATH], struct err *err)
{
    if (str_is_empty(path) || path.len >= MAX_PATH || memchr(path.ptr, '\0', path.len))
        return err_set(err, ERR_INVALID, "EXPORT_STORE_URL: file: needs a directory after it");
    if (str_starts_with(path, STR("//")) && !str_starts_with(path, STR("///"))) {
        return err_set(err, ERR_INVALID,
                       "EXPORT_STORE_URL: file:%.*s names a host; write file:/DIR", STR_ARG(path));
    }
    memcpy(out, path.ptr, path.len);
    out[path.len] = '\0';
    return true;
}

static bool open_directory(struct str path, struct local_dir *dir, struct err *err)
{
    char text[MAX_PATH] = "";
    if (!take_path(path, text, err))
        return false;
    if (!make_directories(text))
        return refuse(path, "cannot make", err);
    dir->fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0)
        return refuse(path, "cannot open", err);
    return true;
}

DIR *local_dir_list(const struct local_dir *dir)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (!names && fd >= 0) {
        int failure = errno;
        (void)close(fd);
        errno = failure;
    }
    return names;
}

/* Calls `visit` for each entry but . and .., until it returns false; why is in errno. */
static bool walk(const struct local_dir *dir,
                 bool (*visit)(const struct local_dir *dir, const char *name))
{
    DIR *names = local_dir_list(dir);
    if (!names)
        return false;
    int failure = 0;
    while (!failure) {
        errno = 0;
        struct dirent *entry = readdir(names); // NOLINT(concurrency-mt-unsafe): own DIR
        if (!entry) {
            failure = errno;
            break;
        }
        bool is_name = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        if (is_name && !visit(dir, entry->d_name))
            failure = errno;
    }
    (void)closedir(names);
    errno = failure;
    return !failure;
}

static bool is_marker(const struct local_dir *dir, const char *name)
{
    (void)dir;
    errno = ENOTEMPTY;
    return strcmp(name, marker_name) == 0;
}

bool local_dir_age(const struct local_dir *dir, const char *name, int64_t *out_ms)
{
    struct stat facts;
    *out_ms = -1;
    if (fstatat(dir->fd, name, &facts, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT;
    int64_t written_ms =
        (int64_t)facts.st_mtim.tv_sec * 1000 + facts.st_mtim.tv_nsec / NANOSECONDS_OF_MS;
    int64_t age_ms = clock_now_ms(&clock_system) - written_ms;
    if (S_ISREG(facts.st_mode))
        *out_ms = age_ms > 0 ? age_ms : 0; /* the clock may have been set back */
    return true;
}

/* A regular file that is at least so old. */
static bool remove_regular(const struct local_dir *dir, const char *name, int64_t min_age_ms)
{
    int64_t age_ms = 0;
    if (!local_dir_age(dir, name, &age_ms))
        return false;
    return age_ms < min_age_ms || unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT;
}

static bool remove_one(const struct local_dir *dir, const char *name)
{
    return !is_ours(str_of(name)) || remove_regular(dir, name, 0);
}

static bool remove_old_part(const struct local_dir *dir, const char *name)
{
    return !is_part_of_ours(str_of(name)) || remove_regular(dir, name, PART_MAX_AGE_MS);
}

static bool refuse_others(struct str path, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "EXPORT_STORE_URL: the directory %.*s holds files of others; give an empty one, "
                   "or a new one inside it",
                   STR_ARG(path));
}

/* Whether the marker, which is locked, is ours: it says so, or it is empty and may be made so. */
static bool check_marker(struct str path, bool is_empty, const struct local_dir *dir,
                         struct err *err)
{
    char text[MARKER_LEN + 1];
    ssize_t len = pread(dir->lock_fd, text, sizeof text, 0);
    if (len < 0)
        return refuse(path, "cannot read the marker of", err);
    if (len == MARKER_LEN && memcmp(text, marker_text, MARKER_LEN) == 0)
        return true;
    if (len > 0 || !is_empty)
        return refuse_others(path, err);
    if (pwrite(dir->lock_fd, marker_text, MARKER_LEN, 0) == MARKER_LEN &&
        fsync(dir->lock_fd) == 0 && fsync(dir->fd) == 0)
        return true;
    return refuse(path, "cannot mark", err);
}

/* Takes the lock. A directory that is not marked as ours must be empty. (It is looked at before
 * the marker is: who marked it meanwhile may have begun to fill it.) */
static bool lock(struct str path, enum files_sharing sharing, struct local_dir *dir,
                 struct err *err)
{
    bool is_empty = walk(dir, is_marker);
    if (!is_empty && errno != ENOTEMPTY)
        return refuse(path, "cannot read", err);
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    dir->lock_fd = openat(dir->fd, marker_name, flags);
    if (dir->lock_fd < 0 && errno == ENOENT) {
        if (!is_empty)
            return refuse_others(path, err);
        dir->lock_fd = openat(dir->fd, marker_name, flags | O_CREAT, MODE_FILE);
    }
    if (dir->lock_fd < 0)
        return refuse(path, "cannot lock", err);
    int wanted = sharing == FILES_EXCLUSIVE ? LOCK_EX : LOCK_SH;
    if (flock(dir->lock_fd, wanted | LOCK_NB) == 0)
        return check_marker(path, is_empty, dir, err);
    if (errno != EWOULDBLOCK)
        return refuse(path, "cannot lock", err);
    return err_set(err, ERR_BUSY,
                   "another exportqd uses the directory %.*s; set EXPORT_STORE_URL to another one "
                   "or stop it",
                   STR_ARG(path));
}

static bool check_owner(struct str path, enum files_sharing sharing, const struct local_dir *dir,
                        struct err *err)
{
    if (sharing == FILES_SHARED || !local_owner_exists(dir->fd))
        return true;
    return err_set(err, ERR_INVALID,
                   "EXPORT_STORE_URL: the directory %.*s holds the files of a durable queue, which "
                   "one in memory would remove; give another one",
                   STR_ARG(path));
}

bool local_dir_open(struct str path, enum files_sharing sharing, struct local_dir *out,
                    struct err *err)
{
    struct local_dir dir = {-1, -1};
    bool is_open = open_directory(path, &dir, err) && lock(path, sharing, &dir, err) &&
                   check_owner(path, sharing, &dir, err);
    if (is_open && !walk(&dir, sharing == FILES_EXCLUSIVE ? remove_one : remove_old_part))
        is_open = refuse(path, "cannot clean", err);
    if (!is_open) {
        local_dir_close(&dir);
        return false;
    }
    *out = dir;
    return true;
}

/* A full one is found out only by writing; so this asks. */
static bool has_space(const char *path)
{
    struct statvfs facts;
    bool is_full = statvfs(path, &facts) == 0 && facts.f_blocks > 0 && facts.f_bavail == 0;
    errno = is_full ? ENOSPC : errno;
    return !is_full;
}

/* Whether a directory can be made at a path, which is cut to the first that is missing. That one is
 * made and removed: of the rights, a file system such as /proc tells more than it keeps. */
static bool may_be_made(char *path)
{
    char *slash = NULL;
    while ((slash = strrchr(path, '/')) && slash != path) {
        *slash = '\0';
        if (access(path, F_OK) == 0 || errno != ENOENT) {
            *slash = '/';
            break;
        }
    }
    if (mkdir(path, MODE_DIR) != 0)
        return errno == EEXIST; /* another was faster */
    bool is_fine = has_space(path);
    int failure = errno;
    (void)rmdir(path); /* unless another has put something there */
    errno = failure;
    return is_fine;
}

/* What can be told of a directory that is there. */
static bool try_directory(struct str path, enum files_sharing sharing, const struct local_dir *dir,
                          struct err *err)
{
    bool is_empty = walk(dir, is_marker);
    if (!is_empty && errno != ENOTEMPTY)
        return refuse(path, "cannot read", err);
    if (!is_empty && faccessat(dir->fd, marker_name, F_OK, 0) != 0)
        return refuse_others(path, err);
    if (faccessat(dir->fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return refuse(path, "cannot write to", err);
    return check_owner(path, sharing, dir, err);
}

bool local_dir_try(struct str path, enum files_sharing sharing, struct err *err)
{
    struct local_dir dir = {-1, -1};
    char text[MAX_PATH] = "";
    if (!take_path(path, text, err))
        return false;
    dir.fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir.fd < 0 && errno != ENOENT)
        return refuse(path, "cannot open", err);
    if (dir.fd < 0)
        return may_be_made(text) || refuse(path, "cannot make", err);
    bool is_fine = try_directory(path, sharing, &dir, err) &&
                   (has_space(text) || refuse(path, "cannot write to", err));
    local_dir_close(&dir);
    return is_fine;
}

void local_dir_close(struct local_dir *dir)
{
    if (dir->lock_fd >= 0)
        (void)close(dir->lock_fd);
    if (dir->fd >= 0)
        (void)close(dir->fd);
    *dir = (struct local_dir){-1, -1};
}
