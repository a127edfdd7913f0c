/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's own struct, and its parts: for files/s3*.c only.
 */
#ifndef FILES_S3_STORE_H
#define FILES_S3_STORE_H

#include "files/s3_call.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    S3_NAME_SIZE = 640,
    S3_UPLOAD_ID_SIZE = 400,
    S3_QUERY_MAX = 12288,
    S3_TRY_MS = 5000,       /* a small request, once */
    S3_PATIENCE_MS = 10000, /* trying again where nobody can wish that we stop */
};

struct s3 {
    struct files files;
    struct arena arena; /* the target's */
    struct s3_target target;
    struct s3_keys *keys;
    struct s3_http *http;
    atomic_int readers;
    atomic_llong down_until_ms; /* removals do not try before: they were answered by nobody */
    pthread_mutex_t check_mutex;
    int64_t checked_ms; /* under the mutex: when the store last was well; 0: it was not */
};

struct s3 *s3_of(struct files *files);

/* The object of a key, prefix and all. */
void s3_object_name(const struct s3 *s3, struct str key, char out[S3_NAME_SIZE]);

/* "uploadId=…", encoded; with what goes before it in a query. */
void s3_upload_query(const char *before, const char *upload_id, struct buf *out);

/* Removes an object, or with a query, an upload; one that is not there is removed already. */
bool s3_delete(struct s3 *s3, const char *name, const char *query, struct err *err) MUST_CHECK;

/* files/s3_writer.c: files are uploaded while they are written. */
bool s3_create(struct files *files, struct str key, struct file_writer **out, struct err *err);
bool s3_commit(struct file_writer *writer, struct file_facts *out, struct err *err);
void s3_abort(struct file_writer *writer);

/* files/s3_reader.c: files are read by ranges, ahead of who reads. */
bool s3_open(struct files *files, struct str key, struct file_reader **out, struct err *err);
bool s3_read(struct file_reader *reader, int64_t offset, void *out, size_t len, size_t *out_len,
             struct err *err);
void s3_close(struct file_reader *reader);

/* files/s3_scan.c: first through the objects, then through the uploads that are under way. */
bool s3_scan_open(struct files *files, int64_t min_age_ms, struct files_scan **out,
                  struct err *err);
bool s3_scan_next(struct files_scan *scan, struct files_portion *out, struct err *err);
bool s3_scan_remove(struct files_scan *scan, const struct file_found *found, struct err *err);
void s3_scan_close(struct files_scan *scan);

/* files/s3_bind.c: an object ".exportq-queue" says whose the prefix is. */
bool s3_bind(struct files *files, struct uuid queue, struct err *err);

/* Asks for it, once: whether the bucket answers and lets us in. */
bool s3_feel(struct s3 *s3, struct err *err) MUST_CHECK;

#endif
