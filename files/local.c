/* SPDX-License-Identifier: Apache-2.0
 *
 * See local.h. A file is written as KEY.part-<random>, synced, renamed to KEY, and the directory is
 * synced: after a crash at any point it is whole or absent, and what is left is a part, which the
 * next start removes. The kernel is asked to begin writing back early, so that the sync at the end
 * of a large file has little left to do.
 */
#include "files/local.h"

#include "base/group.h"
#include "base/mem.h"
#include "files/local_dir.h"
#include "files/local_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { MODE_FILE = 0600, WRITE_BACK_BYTES = 8 << 20, PROBE_SIZE = 4096 };

struct local {
    struct files files;
    struct local_dir dir;
    struct group syncs; /* of the directory: one serves all who renamed before it */
};

struct local_writer {
    struct file_writer writer;
    struct local *local;
    struct sha256 *hash;
    int fd;
    int64_t written_back; /* bytes the kernel was asked to write back */
    bool has_failed;
    struct err failure; /* why, if it has */
    char name[LOCAL_NAME_SIZE];
    char part_name[LOCAL_NAME_SIZE];
};

struct local_reader {
    struct file_reader reader;
    int fd;
};

struct local_scan {
    struct files_scan scan;
    const struct local *local;
    DIR *names;
    int64_t min_age_ms;
};

static struct local *local_of(struct files *files)
{
    return CONTAINER_OF(files, struct local, files);
}

static struct local_writer *writer_of(struct file_writer *writer)
{
    return CONTAINER_OF(writer, struct local_writer, writer);
}

static struct local_scan *scan_of(struct files_scan *scan)
{
    return CONTAINER_OF(scan, struct local_scan, scan);
}

/* Tells what errno means for a store, and what to do. */
static bool fail(struct err *err)
{
    static const struct {
        int number;
        enum err_code code;
        const char *text;
    } meanings[] = {
        {ENOSPC, ERR_STORE_UNAVAILABLE,
         "the file store is full; free space in it or lower EXPORT_RETENTION"},
        {EDQUOT, ERR_STORE_UNAVAILABLE,
         "the file store's quota is used up; raise it or lower EXPORT_RETENTION"},
        {EMFILE, ERR_STORE_UNAVAILABLE,
         "the server has too many open files; raise its limit (ulimit -n)"},
        {ENFILE, ERR_STORE_UNAVAILABLE, "the machine has too many open files; raise its limit"},
        {ENOENT, ERR_STORE_UNAVAILABLE,
         "the directory of the file store is gone; restart the server"},
        {EIO, ERR_STORE_UNAVAILABLE, "the disk of the file store fails; look at the system's log"},
        {EFBIG, ERR_STORE_DENIED,
         "the file store takes no file this large; raise its limit (ulimit -f) or narrow the job"},
        {EACCES, ERR_STORE_DENIED,
         "the server may not write to the file store; give it the directory"},
        {EPERM, ERR_STORE_DENIED,
         "the server may not write to the file store; give it the directory"},
        {EROFS, ERR_STORE_DENIED, "the file store is mounted read-only; mount it for writing"},
    };
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].number == errno)
            return err_set(err, meanings[i].code, "%s", meanings[i].text);
    }
    return err_set(err, ERR_STORE_UNAVAILABLE, "the file store failed: %s", strerrordesc_np(errno));
}

static bool write_whole(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t count = write(fd, bytes, len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        bytes += count;
        len -= (size_t)count;
    }
    return true;
}

/* A hint; on a file system without it, the sync at the end does all. */
static void begin_write_back(struct local_writer *local)
{
    int64_t waiting = local->writer.size - local->written_back;
    if (waiting < WRITE_BACK_BYTES)
        return;
    (void)sync_file_range(local->fd, local->written_back, waiting, SYNC_FILE_RANGE_WRITE);
    local->written_back = local->writer.size;
}

static bool take_bytes(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct local_writer *local = writer_of(CONTAINER_OF(sink, struct file_writer, sink));
    if (!local->has_failed && !write_whole(local->fd, bytes, len)) {
        local->has_failed = true;
        (void)fail(&local->failure);
    }
    if (local->has_failed) {
        *err = local->failure;
        return false;
    }
    sha256_add(local->hash, bytes, len);
    local->writer.size += (int64_t)len;
    begin_write_back(local);
    return true;
}

static void free_writer(struct local_writer *local)
{
    if (local->fd >= 0)
        (void)close(local->fd);
    sha256_free(local->hash);
    free(local);
}

static bool local_create(struct files *files, struct str key, struct file_writer **out,
                         struct err *err)
{
    struct local_writer *local = mem_new(struct local_writer);
    local->writer = (struct file_writer){.ops = files->ops, .sink = {take_bytes}};
    local->local = local_of(files);
    local->hash = sha256_new();
    local_dir_name(key, local->name);
    local_dir_part_name(key, local->part_name);
    local->fd = openat(local->local->dir.fd, local->part_name,
                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
    if (local->fd < 0) {
        (void)fail(err);
        free_writer(local);
        return false;
    }
    *out = &local->writer;
    return true;
}

/* Closes the descriptor; some file systems tell of a failed write only here. */
static bool close_checked(int *fd)
{
    int result = close(*fd);
    *fd = -1;
    return result == 0 || errno == EINTR;
}

static void sync_directory(void *target, struct group_item *const *items, size_t count)
{
    const struct local *local = target;
    struct err err = {0};
    bool is_synced = fsync(local->dir.fd) == 0 || fail(&err);
    for (size_t i = 0; i < count; i++) {
        items[i]->is_ok = is_synced;
        items[i]->err = err;
    }
}

/* Makes the part durable and shows it as the file. */
static bool publish(struct local_writer *local, struct err *err)
{
    int dir = local->local->dir.fd;
    if (local->has_failed) {
        *err = local->failure;
        return false;
    }
    if (fdatasync(local->fd) < 0 || !close_checked(&local->fd) ||
        renameat(dir, local->part_name, dir, local->name) < 0)
        return fail(err);
    struct group_item sync;
    if (group_run(&local->local->syncs, &sync))
        return true;
    *err = sync.err;
    (void)unlinkat(dir, local->name, 0); /* nobody knows of it yet */
    return false;
}

static void local_abort(struct file_writer *writer)
{
    struct local_writer *local = writer_of(writer);
    (void)unlinkat(local->local->dir.fd, local->part_name, 0);
    free_writer(local);
}

static bool local_commit(struct file_writer *writer, struct file_facts *out, struct err *err)
{
    struct local_writer *local = writer_of(writer);
    if (!publish(local, err)) {
        local_abort(writer);
        return false;
    }
    uint8_t digest[SHA256_SIZE];
    sha256_finish(local->hash, digest);
    out->size = writer->size;
    sha256_format(digest, out->sha256);
    free_writer(local);
    return true;
}

static bool local_open(struct files *files, struct str key, struct file_reader **out,
                       struct err *err)
{
    char name[LOCAL_NAME_SIZE];
    local_dir_name(key, name);
    int fd = openat(local_of(files)->dir.fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "the file is not in the file store any more");
    if (fd < 0)
        return fail(err);
    struct local_reader *local = mem_new(struct local_reader);
    local->reader = (struct file_reader){.ops = files->ops};
    local->fd = fd;
    *out = &local->reader;
    return true;
}

static bool local_read(struct file_reader *reader, int64_t offset, void *out, size_t len,
                       size_t *out_len, struct err *err)
{
    int fd = CONTAINER_OF(reader, struct local_reader, reader)->fd;
    size_t have = 0;
    while (have < len) {
        ssize_t count = pread(fd, (char *)out + have, len - have, offset + (off_t)have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(err);
        if (count == 0)
            break;
        have += (size_t)count;
    }
    *out_len = have;
    return true;
}

static void local_close(struct file_reader *reader)
{
    struct local_reader *local = CONTAINER_OF(reader, struct local_reader, reader);
    (void)close(local->fd);
    free(local);
}

static bool local_remove(struct files *files, struct str key, struct err *err)
{
    char name[LOCAL_NAME_SIZE];
    local_dir_name(key, name);
    if (unlinkat(local_of(files)->dir.fd, name, 0) == 0 || errno == ENOENT)
        return true;
    return fail(err);
}

/* Writes a block and removes it: the one question a full, read-only or failing disk cannot answer
 * wrongly. Its name is a job's, so that the next start removes one that was left. */
static bool local_check(struct files *files, struct err *err)
{
    static const char probe_key[] = "00000000-0000-0000-0000-000000000000.0.00000000";
    static const char block[PROBE_SIZE];
    int dir = local_of(files)->dir.fd;
    char name[LOCAL_NAME_SIZE];
    local_dir_part_name(STR(probe_key), name);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
    if (fd < 0)
        return fail(err);
    bool is_ok = write_whole(fd, block, sizeof block) || fail(err);
    (void)close(fd);
    (void)unlinkat(dir, name, 0);
    return is_ok;
}

/* ---- Scanning ---- */

static bool local_scan_open(struct files *files, int64_t min_age_ms, struct files_scan **out,
                            struct err *err)
{
    const struct local *local = local_of(files);
    DIR *names = local_dir_list(&local->dir);
    if (!names)
        return fail(err);
    struct local_scan *scan = mem_new(struct local_scan);
    *scan = (struct local_scan){.scan = {files->ops}, .local = local, .names = names};
    scan->min_age_ms = min_age_ms;
    *out = &scan->scan;
    return true;
}

/* Whether a name counts; false with errno if that cannot be told. */
static bool look_at(const struct local_scan *scan, const char *name, struct file_found *out,
                    bool *out_counts)
{
    size_t key_len = 0;
    int64_t age_ms = 0;
    *out_counts = false;
    if (!local_dir_parse(str_of(name), &out->of, &key_len))
        return true;
    if (!local_dir_age(&scan->local->dir, name, &age_ms))
        return false;
    *out_counts = age_ms > scan->min_age_ms;
    local_dir_name(str_of(name), out->name);
    out->key = (struct str){out->name, key_len};
    return true;
}

static bool local_scan_next(struct files_scan *base, struct files_portion *out, struct err *err)
{
    struct local_scan *scan = scan_of(base);
    out->count = 0;
    out->is_last = false;
    for (int i = 0; i < FILES_PORTION; i++) {
        errno = 0;
        const struct dirent *entry = readdir(scan->names); // NOLINT(concurrency-mt-unsafe): own DIR
        if (!entry) {
            out->is_last = true;
            return errno == 0 || fail(err);
        }
        bool counts = false;
        if (!look_at(scan, entry->d_name, &out->found[out->count], &counts))
            return fail(err);
        out->count += counts;
    }
    return true;
}

static bool local_scan_remove(struct files_scan *base, const struct file_found *found,
                              struct err *err)
{
    int dir = scan_of(base)->local->dir.fd;
    return unlinkat(dir, found->name, 0) == 0 || errno == ENOENT || fail(err);
}

static void local_scan_close(struct files_scan *base)
{
    struct local_scan *scan = scan_of(base);
    (void)closedir(scan->names);
    free(scan);
}

static bool local_bind(struct files *files, struct uuid queue, struct err *err)
{
    return local_owner_claim(local_of(files)->dir.fd, queue, err);
}

static void local_close_store(struct files *files)
{
    struct local *local = local_of(files);
    local_dir_close(&local->dir);
    group_done(&local->syncs);
    free(local);
}

static const struct files_ops local_ops = {
    .close_store = local_close_store,
    .create = local_create,
    .commit = local_commit,
    .abort = local_abort,
    .open = local_open,
    .read = local_read,
    .close = local_close,
    .remove = local_remove,
    .bind = local_bind,
    .check = local_check,
    .scan_open = local_scan_open,
    .scan_next = local_scan_next,
    .scan_remove = local_scan_remove,
    .scan_close = local_scan_close,
};

bool local_open_store(struct str dir, const struct files_options *options, struct files **out,
                      struct err *err)
{
    struct local *local = mem_new(struct local);
    local->files.ops = &local_ops;
    if (!local_dir_open(dir, options->sharing, &local->dir, err)) {
        free(local);
        return false;
    }
    group_init(&local->syncs, GROUP_MAX, sync_directory, local);
    *out = &local->files;
    return true;
}

bool local_try_store(struct str dir, const struct files_options *options, struct err *err)
{
    return local_dir_try(dir, options->sharing, err);
}
