/* SPDX-License-Identifier: Apache-2.0
 *
 * See files.h. The table of stores, by the scheme of their URL; the rest goes to the store's ops.
 */
#include "files/files.h"

#include "base/clock.h"
#include "files/local.h"
#include "files/s3.h"

#include <assert.h>

static const struct {
    const char *scheme;
    bool (*open_store)(struct str rest, const struct files_options *options, struct files **out,
                       struct err *err);
    bool (*try_store)(struct str rest, const struct files_options *options, struct err *err);
} stores[] = {
    {"file:", local_open_store, local_try_store},
    {"s3:", s3_open_store, s3_try_store},
};

struct store_url {
    size_t store;
    struct str rest; /* what follows the scheme */
};

static bool find_store(struct str url, struct store_url *out, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(stores); i++) {
        size_t skip = strlen(stores[i].scheme);
        if (!str_starts_with(url, str_of(stores[i].scheme)))
            continue;
        *out = (struct store_url){i, {url.ptr + skip, url.len - skip}};
        return true;
    }
    return err_set(err, ERR_INVALID,
                   "EXPORT_STORE_URL is of no kind this server knows; use file:DIR or "
                   "s3://BUCKET/PREFIX");
}

bool files_try_store(struct str url, const struct files_options *options, struct err *err)
{
    struct store_url found = {0};
    return find_store(url, &found, err) && stores[found.store].try_store(found.rest, options, err);
}

bool files_open_store(struct str url, const struct files_options *options, struct files **out,
                      struct err *err)
{
    struct store_url found = {0};
    return find_store(url, &found, err) &&
           stores[found.store].open_store(found.rest, options, out, err);
}

const char *files_operation_name(enum files_operation operation)
{
    static const char *const names[FILES_OPERATION_COUNT] = {
        [FILES_CREATE] = "create", [FILES_COMMIT] = "commit", [FILES_OPEN] = "open",
        [FILES_READ] = "read",     [FILES_REMOVE] = "remove",
    };
    return names[operation];
}

void files_listen(struct files *files, struct files_listener listener)
{
    files->listener = listener;
}

/* Tells of an operation that began then. Returns is_ok. */
static bool tell(const struct files *files, enum files_operation operation, int64_t begin_us,
                 bool is_ok)
{
    const struct files_listener *listener = &files->listener;
    if (listener->told)
        listener->told(listener->target, operation, is_ok,
                       (double)(clock_monotonic_us() - begin_us) / 1e6);
    return is_ok;
}

void files_close_store(struct files *files)
{
    if (files)
        files->ops->close_store(files);
}

bool files_key_is_legal(struct str key)
{
    if (key.len < 1 || key.len > FILES_MAX_KEY || key.ptr[0] == '.')
        return false;
    if (memmem(key.ptr, key.len, ".part-", sizeof ".part-" - 1))
        return false;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '-')
            return false;
    }
    return true;
}

/* Keys are ours; one that is not is a fault of ours, and must not become a path. */
static bool check_key(struct str key, struct err *err)
{
    if (files_key_is_legal(key))
        return true;
    return err_set(err, ERR_INTERNAL, "a file key that is none; please report this");
}

bool files_create(struct files *files, struct str key, struct file_writer **out, struct err *err)
{
    int64_t begin_us = clock_monotonic_us();
    if (!check_key(key, err) ||
        !tell(files, FILES_CREATE, begin_us, files->ops->create(files, key, out, err)))
        return false;
    (*out)->files = files;
    return true;
}

struct sink *file_writer_sink(struct file_writer *writer)
{
    return &writer->sink;
}

void file_writer_heed(struct file_writer *writer, struct stop *stop)
{
    assert(writer->size == 0);
    writer->stop = stop;
}

int64_t file_writer_size(const struct file_writer *writer)
{
    return writer->size;
}

bool file_writer_commit(struct file_writer *writer, struct file_facts *out, struct err *err)
{
    const struct files *files = writer->files;
    int64_t begin_us = clock_monotonic_us();
    return tell(files, FILES_COMMIT, begin_us, writer->ops->commit(writer, out, err));
}

void file_writer_abort(struct file_writer *writer)
{
    if (writer)
        writer->ops->abort(writer);
}

bool files_open(struct files *files, struct str key, struct file_reader **out, struct err *err)
{
    int64_t begin_us = clock_monotonic_us();
    if (!check_key(key, err) ||
        !tell(files, FILES_OPEN, begin_us, files->ops->open(files, key, out, err)))
        return false;
    (*out)->files = files;
    return true;
}

bool file_reader_read(struct file_reader *reader, int64_t offset, void *out, size_t len,
                      size_t *out_len, struct err *err)
{
    assert(offset >= 0);
    int64_t begin_us = clock_monotonic_us();
    return tell(reader->files, FILES_READ, begin_us,
                reader->ops->read(reader, offset, out, len, out_len, err));
}

void file_reader_close(struct file_reader *reader)
{
    if (reader)
        reader->ops->close(reader);
}

bool files_remove(struct files *files, struct str key, struct err *err)
{
    int64_t begin_us = clock_monotonic_us();
    return check_key(key, err) &&
           tell(files, FILES_REMOVE, begin_us, files->ops->remove(files, key, err));
}

bool files_bind(struct files *files, struct uuid queue, struct err *err)
{
    return files->ops->bind(files, queue, err);
}

bool files_check(struct files *files, struct err *err)
{
    return files->ops->check(files, err);
}

bool files_scan_open(struct files *files, int64_t min_age_ms, struct files_scan **out,
                     struct err *err)
{
    return files->ops->scan_open(files, min_age_ms, out, err);
}

bool files_scan_next(struct files_scan *scan, struct files_portion *out, struct err *err)
{
    return scan->ops->scan_next(scan, out, err);
}

bool files_scan_remove(struct files_scan *scan, const struct file_found *found, struct err *err)
{
    return scan->ops->scan_remove(scan, found, err);
}

void files_scan_close(struct files_scan *scan)
{
    if (scan)
        scan->ops->scan_close(scan);
}
