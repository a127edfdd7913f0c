/* SPDX-License-Identifier: Apache-2.0
 *
 * Where finished files live. A file is whole or absent: it is written under another name, made
 * durable, and only then appears under its key.
 *
 *     files_create → sink_write(file_writer_sink) × n → file_writer_commit | file_writer_abort
 *     files_open → file_reader_read × n → file_reader_close
 *     files_scan_open → files_scan_next × n, files_scan_remove × n → files_scan_close
 *
 * A key is 1 to 80 characters of [A-Za-z0-9.-], not beginning with a dot and without ".part-"; it
 * is made by us, never from a caller's text. Errors are ERR_STORE_UNAVAILABLE (full, failing: try
 * again), ERR_STORE_DENIED (not allowed, too large) or ERR_NOT_FOUND. A store is shared by all
 * threads; a writer and a reader have one.
 */
#ifndef FILES_FILES_H
#define FILES_FILES_H

#include "base/digest.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/str.h"
#include "files/key.h"

struct files;
struct file_writer;
struct file_reader;
struct files_scan;

/* What a committed file is. */
struct file_facts {
    int64_t size; /* bytes */
    char sha256[SHA256_HEX_LEN + 1];
};

enum files_sharing {
    FILES_EXCLUSIVE, /* this process alone: a lock keeps others out, and all files of jobs that are
                        there from an earlier life are removed */
    FILES_SHARED,    /* the servers and workers of one queue: only parts older than an hour go */
};

/* How an object store is reached: the settings of these names. Empty: not given. */
struct files_s3 {
    struct str access_key;    /* AWS_ACCESS_KEY_ID */
    struct str secret_key;    /* AWS_SECRET_ACCESS_KEY */
    struct str session_token; /* AWS_SESSION_TOKEN */
    struct str region;        /* AWS_REGION */
    struct str endpoint;      /* EXPORT_S3_ENDPOINT */
    struct str style;         /* EXPORT_S3_STYLE */
    struct str ca_file;       /* EXPORT_S3_CA */
    /* Where the first three were read from, NULL: from no file. If all were, they are read anew
     * when that changes, and what came of it is told: NULL, or why those before stay. */
    const char *key_files[3];
    void (*told)(const char *path, const struct err *failure); /* may be NULL */
};

struct files_options {
    enum files_sharing sharing;
    struct files_s3 s3; /* copied, where it is heeded */
};

/* "file:DIR": made if absent, with its parents, mode 0700. ERR_INVALID for a URL nobody here
 * serves, for a directory that cannot be used or that is no store and not empty either; ERR_BUSY if
 * another process has it and one of the two wants it exclusively. These texts go to the operator
 * and name the directory.
 * "s3://BUCKET/PREFIX": a bucket that is there, at Amazon's or, by the options, elsewhere; it is
 * asked whether it lets us in. FILES_SHARED only: nothing can lock a bucket. */
bool files_open_store(struct str url, const struct files_options *options, struct files **out,
                      struct err *err) MUST_CHECK;

/* Whether such a store could be opened, as far as can be told without changing anything: a
 * directory that is absent could be made, a bucket is asked whether it lets us in. A directory that
 * somebody uses right now is fine. The errors are those of files_open_store. */
bool files_try_store(struct str url, const struct files_options *options,
                     struct err *err) MUST_CHECK;

/* What may take long. */
enum files_operation {
    FILES_CREATE,
    FILES_COMMIT,
    FILES_OPEN,
    FILES_READ,
    FILES_REMOVE,
    FILES_OPERATION_COUNT
};

/* "create", …; never NULL. */
const char *files_operation_name(enum files_operation operation);

/* Who is told of each operation and how long it took; in any thread. `told` NULL: nobody. */
struct files_listener {
    void (*told)(void *target, enum files_operation operation, bool is_ok, double seconds);
    void *target;
};

/* Before the store is shared with other threads. */
void files_listen(struct files *files, struct files_listener listener);

/* After all writers and readers. Accepts NULL. */
void files_close_store(struct files *files);

/* Begins a file; nothing shows under `key` until commit, which replaces what was there. */
bool files_create(struct files *files, struct str key, struct file_writer **out,
                  struct err *err) MUST_CHECK;

/* Where its bytes go; SHA-256 is taken on the way. Lives as long as the writer. */
struct sink *file_writer_sink(struct file_writer *writer);

/* Where the file goes over a network, waiting for it and trying again end when this is wished.
 * Before the first byte; `stop` outlives the writer. Without it they end after a minute or two. */
void file_writer_heed(struct file_writer *writer, struct stop *stop);

/* Bytes taken so far. */
int64_t file_writer_size(const struct file_writer *writer);

/* Makes the file durable and shows it under its key. Frees the writer in every case; on failure
 * nothing is left behind. */
bool file_writer_commit(struct file_writer *writer, struct file_facts *out,
                        struct err *err) MUST_CHECK;

/* Drops the file and frees the writer. Accepts NULL. */
void file_writer_abort(struct file_writer *writer);

/* Opens a committed file. It stays readable while open, also if it is removed meanwhile; in an
 * object store the reads of one that was removed end with ERR_NOT_FOUND. */
bool files_open(struct files *files, struct str key, struct file_reader **out,
                struct err *err) MUST_CHECK;

/* Reads up to `len` bytes at `offset`; *out_len is less only at the end of the file. */
bool file_reader_read(struct file_reader *reader, int64_t offset, void *out, size_t len,
                      size_t *out_len, struct err *err) MUST_CHECK;

/* Accepts NULL. */
void file_reader_close(struct file_reader *reader);

/* Removes a file; one that is not there is removed already. */
bool files_remove(struct files *files, struct str key, struct err *err) MUST_CHECK;

/* Makes the store a durable queue's, once and for all. ERR_INVALID: it is another queue's, whose
 * files would be taken for left-overs. */
bool files_bind(struct files *files, struct uuid queue, struct err *err) MUST_CHECK;

/* Whether the store can take a file now; for health. */
bool files_check(struct files *files, struct err *err) MUST_CHECK;

/* ---- Looking for files that nobody has any more ---- */

enum { FILES_MAX_KEY = 80, FILES_MAX_NAME = 480, FILES_PORTION = 100 };

/* A file of a job's: a committed one, or a part whose writer never ended. */
struct file_found {
    struct file_key of;
    struct str key;                /* a view of `name`, or of its beginning */
    char name[FILES_MAX_NAME + 1]; /* the store's own */
};

struct files_portion {
    struct file_found found[FILES_PORTION];
    size_t count; /* 0 is not the end */
    bool is_last;
};

/* Begins to look through all files for those whose key is a job's (files/key.h) and that nobody has
 * written to for longer than `min_age_ms`. */
bool files_scan_open(struct files *files, int64_t min_age_ms, struct files_scan **out,
                     struct err *err) MUST_CHECK;

/* Looks on, at FILES_PORTION files at most, in no order. A file that is added or removed meanwhile
 * may be found or not. */
bool files_scan_next(struct files_scan *scan, struct files_portion *out,
                     struct err *err) MUST_CHECK;

/* Removes what was found; one that is not there is removed already. */
bool files_scan_remove(struct files_scan *scan, const struct file_found *found,
                       struct err *err) MUST_CHECK;

/* Before the store is closed. Accepts NULL. */
void files_scan_close(struct files_scan *scan);

/* For stores only: a store, its writers, readers and scans begin with these. */
struct files_ops {
    void (*close_store)(struct files *files);
    bool (*create)(struct files *files, struct str key, struct file_writer **out, struct err *err);
    bool (*commit)(struct file_writer *writer, struct file_facts *out, struct err *err);
    void (*abort)(struct file_writer *writer);
    bool (*open)(struct files *files, struct str key, struct file_reader **out, struct err *err);
    bool (*read)(struct file_reader *reader, int64_t offset, void *out, size_t len, size_t *out_len,
                 struct err *err);
    void (*close)(struct file_reader *reader);
    bool (*remove)(struct files *files, struct str key, struct err *err);
    bool (*bind)(struct files *files, struct uuid queue, struct err *err);
    bool (*check)(struct files *files, struct err *err);
    bool (*scan_open)(struct files *files, int64_t min_age_ms, struct files_scan **out,
                      struct err *err);
    bool (*scan_next)(struct files_scan *scan, struct files_portion *out, struct err *err);
    bool (*scan_remove)(struct files_scan *scan, const struct file_found *found, struct err *err);
    void (*scan_close)(struct files_scan *scan);
};

struct files {
    const struct files_ops *ops;
    struct files_listener listener;
};

/* `files` of a writer and of a reader is set by files.c, for its listener. */
struct file_writer {
    const struct files_ops *ops;
    const struct files *files;
    struct sink sink;
    struct stop *stop; /* NULL: nobody can wish it */
    int64_t size;
};

struct file_reader {
    const struct files_ops *ops;
    const struct files *files;
};

struct files_scan {
    const struct files_ops *ops;
};

bool files_key_is_legal(struct str key);

#endif
