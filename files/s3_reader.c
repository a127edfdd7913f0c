/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3.h. A reader has a window of the file in memory, fetched by one request. Whoever reads on
 * gets ever larger windows, up to 4 MiB, or less where many read: all windows together stay within
 * 256 MiB, or 256 KiB each.
 */
#include "base/mem.h"
#include "files/s3_store.h"

enum {
    FIRST_WINDOW = 256 << 10,
    LARGEST_WINDOW = 4 << 20,
    ALL_WINDOWS = 256 << 20,
    FETCH_MS = 20000,
    HEADER_SIZE = S3_ETAG_SIZE + 16,
    HTTP_OK = 200,
    HTTP_PARTIAL = 206,
};

struct s3_reader {
    struct file_reader reader;
    struct s3 *s3;
    int64_t size;
    struct buf window;
    int64_t window_from;
    size_t next_window; /* bytes of the next one */
    char name[S3_NAME_SIZE];
    char condition[HEADER_SIZE]; /* the file is still the one that was opened; "": cannot be said */
};

static struct s3_reader *reader_of(struct file_reader *reader)
{
    return CONTAINER_OF(reader, struct s3_reader, reader);
}

bool s3_open(struct files *files, struct str key, struct file_reader **out, struct err *err)
{
    struct s3_reader *s3r = mem_new(struct s3_reader);
    const struct s3_patience patience = {.budget_ms = S3_PATIENCE_MS};
    struct s3_reply reply = {0};
    s3r->s3 = s3_of(files);
    s3r->reader = (struct file_reader){.ops = files->ops};
    s3_object_name(s3r->s3, key, s3r->name);
    const struct s3_request request = {
        .method = "HEAD", .name = s3r->name, .timeout_ms = S3_TRY_MS};
    bool is_open = s3_call(s3r->s3->http, &request, &patience, &reply, err);
    if (is_open && reply.length < 0)
        is_open = err_set(err, ERR_STORE_UNAVAILABLE,
                          "the object store does not say how large the file is");
    if (!is_open) {
        free(s3r);
        return false;
    }
    s3r->size = reply.length;
    s3r->next_window = FIRST_WINDOW;
    buf_init(&s3r->window, LARGEST_WINDOW);
    if (reply.etag[0])
        (void)snprintf(s3r->condition, HEADER_SIZE, "if-match: %s", reply.etag);
    (void)atomic_fetch_add(&s3r->s3->readers, 1);
    *out = &s3r->reader;
    return true;
}

void s3_close(struct file_reader *reader)
{
    struct s3_reader *s3r = reader_of(reader);
    (void)atomic_fetch_sub(&s3r->s3->readers, 1);
    buf_done(&s3r->window);
    free(s3r);
}

static size_t largest_window(struct s3 *s3)
{
    size_t share = (size_t)ALL_WINDOWS / (size_t)atomic_load(&s3->readers);
    if (share > LARGEST_WINDOW)
        return LARGEST_WINDOW;
    return share < FIRST_WINDOW ? FIRST_WINDOW : share;
}

/* How many bytes to fetch: more for who reads on. */
static size_t choose_window(struct s3_reader *s3r, int64_t offset)
{
    bool reads_on = offset == s3r->window_from + (int64_t)s3r->window.len;
    size_t largest = largest_window(s3r->s3);
    size_t window = reads_on ? s3r->next_window : FIRST_WINDOW;
    if (window > largest)
        window = largest;
    s3r->next_window = window < largest / 2 ? window * 2 : largest;
    int64_t left = s3r->size - offset;
    return (int64_t)window < left ? window : (size_t)left;
}

static bool fetch(struct s3_reader *s3r, int64_t offset, struct err *err)
{
    size_t len = choose_window(s3r, offset);
    const struct s3_patience patience = {.budget_ms = S3_PATIENCE_MS};
    const struct s3_request request = {
        .method = "GET",
        .name = s3r->name,
        .header = s3r->condition[0] ? s3r->condition : NULL,
        .range_from = offset,
        .range_len = len,
        .timeout_ms = FETCH_MS,
    };
    /* One block of memory for all windows: fresh ones would stay with each thread that reads. */
    struct s3_reply reply = {.body = s3r->window};
    s3r->window_from = offset;
    bool is_ok = s3_call(s3r->s3->http, &request, &patience, &reply, err);
    s3r->window = reply.body;
    bool is_range = reply.status == HTTP_PARTIAL ||
                    (reply.status == HTTP_OK && offset == 0 && (int64_t)len == s3r->size);
    if (!is_ok && err->code == ERR_EXISTS)
        (void)err_set(err, ERR_STORE_UNAVAILABLE, "the stored file was replaced while it was read");
    else if (is_ok && !(is_range && reply.body.len == len))
        is_ok = err_set(err, ERR_STORE_UNAVAILABLE,
                        "the object store answers with other bytes than it was asked for");
    if (!is_ok)
        buf_clear(&s3r->window);
    return is_ok;
}

bool s3_read(struct file_reader *reader, int64_t offset, void *out, size_t len, size_t *out_len,
             struct err *err)
{
    struct s3_reader *s3r = reader_of(reader);
    size_t have = 0;
    while (have < len && offset < s3r->size) {
        int64_t at = offset - s3r->window_from;
        if (at < 0 || at >= (int64_t)s3r->window.len) {
            if (!fetch(s3r, offset, err))
                return false;
            continue;
        }
        size_t there = s3r->window.len - (size_t)at;
        size_t count = len - have < there ? len - have : there;
        memcpy((char *)out + have, s3r->window.ptr + at, count);
        have += count;
        offset += (int64_t)count;
    }
    *out_len = have;
    return true;
}
