/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the file store share: a directory that goes away, and whole files at once. A
 * program that calls kit_use_bucket first has its directories in the bucket of tests/support/s3,
 * whose objects are files for us.
 */
#ifndef TESTS_UNIT_FILES_KIT_H
#define TESTS_UNIT_FILES_KIT_H

#include "base/buf.h"
#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { KIT_PATH_SIZE = 256 };

/* A fresh directory below /tmp, and its URL. */
struct kit_dir {
    char path[KIT_PATH_SIZE];
    char url[KIT_PATH_SIZE + 8];
};

struct kit_bucket {
    char home[KIT_PATH_SIZE]; /* "": there is none, directories are below /tmp */
    char endpoint[KIT_PATH_SIZE];
};

static inline struct kit_bucket *kit_bucket(void)
{
    static struct kit_bucket bucket;
    return &bucket;
}

static inline bool kit_is_bucket(void)
{
    return kit_bucket()->home[0] != '\0';
}

/* The server's, of EXPORTQ_S3; ends the program as skipped if there is none. */
static inline void kit_use_bucket(void)
{
    struct kit_bucket *bucket = kit_bucket();
    const char *home = getenv("EXPORTQ_S3"); // NOLINT(concurrency-mt-unsafe): no thread yet
    char path[2 * KIT_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/url", home ? home : "");
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%255s", bucket->endpoint) != 1) {
        (void)printf("skipped: no object store; tests/support/s3 start DIR, EXPORTQ_S3=DIR\n");
        exit(77);
    }
    (void)fclose(file);
    (void)snprintf(bucket->home, sizeof bucket->home, "%s/data/exports", home);
    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
}

/* As the server of tests/support/s3 knows us. */
static inline struct files_options kit_options(enum files_sharing sharing)
{
    return (struct files_options){
        .sharing = kit_is_bucket() ? FILES_SHARED : sharing,
        .s3 = {.access_key = STR("exportq-tests"),
               .secret_key = STR("not-a-secret-but-long-enough"),
               .region = STR("us-east-1"),
               .endpoint = str_of(kit_bucket()->endpoint)},
    };
}

static inline void kit_dir_make(struct kit_dir *dir)
{
    if (kit_is_bucket()) {
        int len = snprintf(dir->path, sizeof dir->path, "%.200s/unit-XXXXXX", kit_bucket()->home);
        assert_in_range(len, 1, KIT_PATH_SIZE - 1);
        assert_non_null(mkdtemp(dir->path));
        (void)snprintf(dir->url, sizeof dir->url, "s3://exports/%s", strrchr(dir->path, '/') + 1);
        return;
    }
    (void)snprintf(dir->path, sizeof dir->path, "/tmp/exportq-files-XXXXXX");
    assert_non_null(mkdtemp(dir->path));
    (void)snprintf(dir->url, sizeof dir->url, "file:%s", dir->path);
}

static inline void kit_path(const struct kit_dir *dir, const char *name, char out[KIT_PATH_SIZE])
{
    int len = snprintf(out, KIT_PATH_SIZE, "%s/%s", dir->path, name);
    assert_in_range(len, 1, KIT_PATH_SIZE - 1);
}

static inline void kit_put(const struct kit_dir *dir, const char *name)
{
    char path[KIT_PATH_SIZE];
    kit_path(dir, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static inline bool kit_has(const struct kit_dir *dir, const char *name)
{
    char path[KIT_PATH_SIZE];
    kit_path(dir, name, path);
    return access(path, F_OK) == 0;
}

#define KIT_MARKER ".exportq-store"

/* How many entries there are but the marker, and the name of one. */
static inline size_t kit_count(const struct kit_dir *dir, char out_name[KIT_PATH_SIZE])
{
    DIR *names = opendir(dir->path);
    if (!names && kit_is_bucket())
        return 0;
    assert_non_null(names);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(names)) != NULL;) { // NOLINT: one thread
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, KIT_MARKER) == 0)
            continue;
        count++;
        if (out_name)
            (void)snprintf(out_name, KIT_PATH_SIZE, "%.200s", name);
    }
    (void)closedir(names);
    return count;
}

static inline void kit_dir_remove(const struct kit_dir *dir)
{
    char name[KIT_PATH_SIZE];
    char path[KIT_PATH_SIZE];
    while (kit_count(dir, name)) {
        kit_path(dir, name, path);
        assert_int_equal(remove(path), 0);
    }
    kit_path(dir, KIT_MARKER, path);
    (void)unlink(path);
    assert_true(rmdir(dir->path) == 0 || kit_is_bucket()); /* which may have done so itself */
}

static inline struct files *kit_open(const struct kit_dir *dir, enum files_sharing sharing)
{
    struct files *files = NULL;
    struct err err = {0};
    const struct files_options options = kit_options(sharing);
    if (!files_open_store(str_of(dir->url), &options, &files, &err))
        fail_msg("%s", err.text);
    return files;
}

/* Writes `len` bytes and commits; false with the error of the step that failed. */
static inline bool kit_store(struct files *files, const char *key, const char *bytes, size_t len,
                             struct file_facts *facts, struct err *err)
{
    struct file_writer *writer = NULL;
    if (!files_create(files, str_of(key), &writer, err))
        return false;
    struct sink *sink = file_writer_sink(writer);
    for (size_t at = 0; at < len;) {
        size_t piece = len - at < 65536 ? len - at : 65536;
        if (!sink_write(sink, bytes + at, piece, err)) {
            file_writer_abort(writer);
            return false;
        }
        at += piece;
    }
    return file_writer_commit(writer, facts, err);
}

static inline void kit_assert_content(struct files *files, const char *key, struct str want)
{
    struct err err = {0};
    struct file_reader *reader = NULL;
    assert_true(files_open(files, str_of(key), &reader, &err));
    struct buf have;
    buf_init(&have, want.len + 1);
    size_t len = 0;
    char *room = buf_reserve(&have, want.len + 1);
    assert_true(file_reader_read(reader, 0, room, want.len + 1, &len, &err));
    assert_int_equal(len, want.len);
    assert_memory_equal(room, want.ptr, want.len);
    buf_done(&have);
    file_reader_close(reader);
}

#endif
