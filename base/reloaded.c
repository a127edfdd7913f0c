/* SPDX-License-Identifier: Apache-2.0
 *
 * See reloaded.h. A file is known by its inode, size and times, for a replaced one may be of the
 * same second; they are taken before it is read, so that what is written meanwhile is seen next.
 */
#include "base/reloaded.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

/* All zero: the file is not there. */
struct identity {
    ino_t inode;
    off_t size;
    struct timespec written;
    struct timespec changed;
};

struct reloaded {
    struct reloaded_kind kind;
    char *paths[RELOADED_MAX_FILES];
    size_t count;
    struct identity seen[RELOADED_MAX_FILES]; /* of whoever is looking, as the next */
    bool has_failed;                          /* what was seen could not be read */
    _Atomic(int64_t) look_ms;                 /* when to look again */
    atomic_bool is_looking;
    pthread_rwlock_t lock;
    void *value;         /* under lock */
    uint64_t generation; /* under lock */
};

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct identity identify(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct identity){0};
    return (struct identity){status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
}

/* Takes note of how the files are now; true if any is another one. */
static bool look(struct reloaded *reloaded)
{
    bool is_other = false;
    for (size_t i = 0; i < reloaded->count; i++) {
        struct identity now = identify(reloaded->paths[i]);
        struct identity *seen = &reloaded->seen[i];
        is_other |= now.inode != seen->inode || now.size != seen->size ||
                    !is_same_time(now.written, seen->written) ||
                    !is_same_time(now.changed, seen->changed);
        *seen = now;
    }
    return is_other;
}

static bool read_file(const char *path, const char *name, struct buf *out, struct err *err)
{
    buf_init(out, RELOADED_MAX_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && file_fill(fd, out);
    if (fd >= 0)
        (void)close(fd);
    if (is_read)
        return true;
    return err_set_field(err, name,
                         "%s: the file %s cannot be read; it has to be there, readable for this "
                         "user, and at most %d bytes long",
                         name, path, RELOADED_MAX_BYTES);
}

static bool read_value(const struct reloaded *reloaded, void **out, struct err *err)
{
    struct buf files[RELOADED_MAX_FILES] = {{0}};
    struct str texts[RELOADED_MAX_FILES];
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < reloaded->count; i++) {
        is_ok = read_file(reloaded->paths[i], reloaded->kind.names[i], &files[i], err);
        texts[i] = files[i].len ? buf_str(&files[i]) : STR("");
    }
    is_ok = is_ok && reloaded->kind.read(texts, out, err);
    for (size_t i = 0; i < reloaded->count; i++) {
        if (files[i].ptr)
            explicit_bzero(files[i].ptr, files[i].cap);
        buf_done(&files[i]);
    }
    return is_ok;
}

/* A holder that comes while a new value waits lets it go first: otherwise it would never come as
 * long as somebody always holds the old one. Hence "each once" in reloaded.h. */
static void init_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t kind;
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &kind);
    pthread_rwlockattr_destroy(&kind);
}

bool reloaded_new(const struct reloaded_kind *kind, const char *const *paths, size_t count,
                  struct reloaded **out, struct err *err)
{
    struct reloaded *reloaded = mem_new(struct reloaded);
    reloaded->kind = *kind;
    reloaded->count = count;
    for (size_t i = 0; i < count; i++)
        reloaded->paths[i] = mem_dup(paths[i]);
    init_lock(&reloaded->lock);
    atomic_init(&reloaded->look_ms, clock_monotonic_ms() + LOOK_MS);
    (void)look(reloaded);
    if (!read_value(reloaded, &reloaded->value, err)) {
        reloaded_free(reloaded);
        return false;
    }
    *out = reloaded;
    return true;
}

void reloaded_free(struct reloaded *reloaded)
{
    if (!reloaded)
        return;
    if (reloaded->value)
        reloaded->kind.free(reloaded->value);
    for (size_t i = 0; i < reloaded->count; i++)
        free(reloaded->paths[i]);
    pthread_rwlock_destroy(&reloaded->lock);
    free(reloaded);
}

static void replace(struct reloaded *reloaded, void *value)
{
    pthread_rwlock_wrlock(&reloaded->lock);
    void *old = reloaded->value;
    reloaded->value = value;
    reloaded->generation++;
    pthread_rwlock_unlock(&reloaded->lock);
    reloaded->kind.free(old);
}

/* Only one at a time looks; the others go on with what is there. */
static void refresh(struct reloaded *reloaded)
{
    struct err err = {0};
    void *value = NULL;
    if (clock_monotonic_ms() < atomic_load(&reloaded->look_ms) ||
        atomic_exchange(&reloaded->is_looking, true))
        return;
    bool is_other = look(reloaded);
    if (is_other || reloaded->has_failed) {
        bool is_read = read_value(reloaded, &value, &err);
        if (is_read)
            replace(reloaded, value);
        reloaded->has_failed = !is_read;
        if (reloaded->kind.told && (is_other || is_read))
            reloaded->kind.told(reloaded->paths[0], is_read ? NULL : &err);
    }
    atomic_store(&reloaded->look_ms, clock_monotonic_ms() + LOOK_MS);
    atomic_store(&reloaded->is_looking, false);
}

const void *reloaded_hold(struct reloaded *reloaded, uint64_t *out_generation)
{
    refresh(reloaded);
    pthread_rwlock_rdlock(&reloaded->lock);
    if (out_generation)
        *out_generation = reloaded->generation;
    return reloaded->value;
}

void reloaded_release(struct reloaded *reloaded)
{
    pthread_rwlock_unlock(&reloaded->lock);
}
