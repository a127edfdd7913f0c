/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3.h: opening, health and removing.
 */
#include "files/s3.h"

#include "base/clock.h"
#include "base/mem.h"
#include "files/s3_store.h"

enum {
    DOWN_MS = 5000,
    WELL_MS = 5000, /* health asks each second, and each question costs money */
    LISTED_MAX = 65536,
};

struct s3 *s3_of(struct files *files)
{
    return CONTAINER_OF(files, struct s3, files);
}

void s3_object_name(const struct s3 *s3, struct str key, char out[S3_NAME_SIZE])
{
    (void)snprintf(out, S3_NAME_SIZE, "%.*s%.*s", STR_ARG(s3->target.prefix), STR_ARG(key));
}

void s3_upload_query(const char *before, const char *upload_id, struct buf *out)
{
    buf_add_text(out, before);
    buf_add_text(out, "uploadId=");
    s3_target_encode(str_of(upload_id), out);
}

/* ---- Removing ---- */

/* Who removes hundreds of files would wait for each while the store is away, and then cannot end.
 */
static bool is_down(struct s3 *s3, struct err *err)
{
    return clock_monotonic_ms() < atomic_load(&s3->down_until_ms) &&
           !err_set(err, ERR_STORE_UNAVAILABLE, "the object store did not answer a moment ago");
}

bool s3_delete(struct s3 *s3, const char *name, const char *query, struct err *err)
{
    const struct s3_request request = {
        .method = "DELETE", .name = name, .query = query, .timeout_ms = S3_TRY_MS};
    const struct s3_patience once = {0};
    struct s3_reply reply = {0};
    if (is_down(s3, err))
        return false;
    buf_init(&reply.body, LISTED_MAX);
    bool is_ok = s3_call(s3->http, &request, &once, &reply, err) || err->code == ERR_NOT_FOUND;
    buf_done(&reply.body);
    if (!is_ok && reply.status == 0)
        atomic_store(&s3->down_until_ms, clock_monotonic_ms() + DOWN_MS);
    return is_ok;
}

static bool s3_remove(struct files *files, struct str key, struct err *err)
{
    struct s3 *s3 = s3_of(files);
    char name[S3_NAME_SIZE];
    s3_object_name(s3, key, name);
    return s3_delete(s3, name, NULL, err);
}

/* ---- Health ---- */

static bool s3_check(struct files *files, struct err *err)
{
    struct s3 *s3 = s3_of(files);
    pthread_mutex_lock(&s3->check_mutex);
    int64_t checked_ms = s3->checked_ms;
    pthread_mutex_unlock(&s3->check_mutex);
    if (checked_ms && clock_monotonic_ms() < checked_ms + WELL_MS)
        return true;
    bool is_well = s3_feel(s3, err);
    pthread_mutex_lock(&s3->check_mutex);
    s3->checked_ms = is_well ? clock_monotonic_ms() : 0;
    pthread_mutex_unlock(&s3->check_mutex);
    return is_well;
}

/* ---- Life ---- */

/* Whether the bucket is there and lets us look into it, as the sweep will. */
static bool knock(struct s3 *s3, struct err *err)
{
    struct buf query CLEANUP(buf_done);
    buf_init(&query, S3_QUERY_MAX);
    buf_add_text(&query, "list-type=2&max-keys=1&prefix=");
    s3_target_encode(s3->target.prefix, &query);
    const struct s3_request request = {
        .method = "GET", .name = "", .query = query.ptr, .timeout_ms = S3_TRY_MS};
    const struct s3_patience patience = {.budget_ms = S3_PATIENCE_MS};
    struct s3_reply reply = {0};
    buf_init(&reply.body, LISTED_MAX);
    bool is_ok = s3_call(s3->http, &request, &patience, &reply, err);
    buf_done(&reply.body);
    if (!is_ok && err->code == ERR_NOT_FOUND)
        return err_set(err, ERR_STORE_DENIED,
                       "EXPORT_S3_ENDPOINT leads to something that knows no such bucket; check it, "
                       "EXPORT_S3_STYLE and EXPORT_STORE_URL");
    return is_ok;
}

static void s3_close_store(struct files *files)
{
    struct s3 *s3 = s3_of(files);
    s3_http_free(s3->http);
    s3_keys_close(s3->keys);
    pthread_mutex_destroy(&s3->check_mutex);
    arena_done(&s3->arena);
    free(s3);
}

static const struct files_ops s3_ops = {
    .close_store = s3_close_store,
    .create = s3_create,
    .commit = s3_commit,
    .abort = s3_abort,
    .open = s3_open,
    .read = s3_read,
    .close = s3_close,
    .remove = s3_remove,
    .bind = s3_bind,
    .check = s3_check,
    .scan_open = s3_scan_open,
    .scan_next = s3_scan_next,
    .scan_remove = s3_scan_remove,
    .scan_close = s3_scan_close,
};

static bool check_sharing(const struct files_options *options, struct err *err)
{
    if (options->sharing == FILES_SHARED)
        return true;
    return err_set_field(err, "EXPORT_STORE_URL",
                         "a queue in memory cannot keep its files in s3:, where nothing tells "
                         "whether another uses them; set ENABLE_PERSIST_EXPORT=1, or "
                         "EXPORT_STORE_URL=file:DIR");
}

bool s3_open_store(struct str rest, const struct files_options *options, struct files **out,
                   struct err *err)
{
    struct s3 *s3 = mem_new(struct s3);
    s3->files.ops = &s3_ops;
    pthread_mutex_init(&s3->check_mutex, NULL);
    bool is_open = s3_target_make(rest, &options->s3, &s3->arena, &s3->target, err) &&
                   s3_keys_open(&options->s3, &s3->keys, err) && check_sharing(options, err) &&
                   s3_http_new(&s3->target, s3->keys, &s3->http, err) && knock(s3, err);
    if (!is_open)
        s3_close_store(&s3->files);
    else
        *out = &s3->files;
    return is_open;
}

/* Opening changes nothing in a bucket. */
bool s3_try_store(struct str rest, const struct files_options *options, struct err *err)
{
    struct files *files = NULL;
    if (!s3_open_store(rest, options, &files, err))
        return false;
    s3_close_store(files);
    return true;
}
