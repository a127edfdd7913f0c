/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_store.h. The id of the queue is written only if there is none, where the store knows such
 * conditions, and read back: whoever comes second finds the first one's.
 */
#include "files/s3_store.h"

enum { MARKER_MAX = 65536, FEEL_MS = 2000 };

/* Reads the marker; *out is empty if there is none. */
static bool read_marker(struct s3 *s3, int64_t timeout_ms, int64_t budget_ms, struct buf *out,
                        struct err *err)
{
    char name[S3_NAME_SIZE];
    s3_object_name(s3, STR(".exportq-queue"), name);
    const struct s3_request request = {.method = "GET", .name = name, .timeout_ms = timeout_ms};
    const struct s3_patience patience = {.budget_ms = budget_ms};
    struct s3_reply reply = {.body = *out};
    bool is_read = s3_call(s3->http, &request, &patience, &reply, err);
    *out = reply.body;
    if (is_read || err->code != ERR_NOT_FOUND)
        return is_read;
    buf_clear(out);
    return true;
}

static bool write_marker(struct s3 *s3, struct str id, struct err *err)
{
    char name[S3_NAME_SIZE];
    s3_object_name(s3, STR(".exportq-queue"), name);
    const struct s3_patience patience = {.budget_ms = S3_PATIENCE_MS};
    struct s3_request request = {.method = "PUT",
                                 .name = name,
                                 .body = id,
                                 .header = "if-none-match: *",
                                 .timeout_ms = S3_TRY_MS};
    struct s3_reply reply = {0};
    buf_init(&reply.body, MARKER_MAX);
    bool is_written =
        s3_call(s3->http, &request, &patience, &reply, err) || err->code == ERR_EXISTS;
    if (!is_written && err->code == ERR_UNIMPLEMENTED) {
        request.header = NULL;
        is_written = s3_call(s3->http, &request, &patience, &reply, err);
    }
    buf_done(&reply.body);
    return is_written;
}

bool s3_bind(struct files *files, struct uuid queue, struct err *err)
{
    struct s3 *s3 = s3_of(files);
    char text[UUID_TEXT_LEN + 1];
    struct buf found CLEANUP(buf_done);
    uuid_format(queue, text);
    struct str id = str_of(text);
    buf_init(&found, MARKER_MAX);
    if (!read_marker(s3, S3_TRY_MS, S3_PATIENCE_MS, &found, err))
        return false;
    if (found.len == 0 &&
        (!write_marker(s3, id, err) || !read_marker(s3, S3_TRY_MS, S3_PATIENCE_MS, &found, err)))
        return false;
    if (str_equal(buf_str(&found), id))
        return true;
    return err_set(err, ERR_INVALID,
                   "bucket and prefix of EXPORT_STORE_URL hold the files of another queue; give "
                   "each queue (each DATABASE_URL) a prefix of its own");
}

bool s3_feel(struct s3 *s3, struct err *err)
{
    struct buf found CLEANUP(buf_done);
    buf_init(&found, MARKER_MAX);
    return read_marker(s3, FEEL_MS, 0, &found, err);
}
