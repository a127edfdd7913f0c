/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3.h. Bytes are gathered into a part; a full part is sent, and a file of one part becomes an
 * object at once. Parts begin with 8 MiB and double each 1,000, so that 10,000 of them, which is as
 * many as there may be, hold the largest object there can be, and a file of some GB takes 8 MiB of
 * memory. What is sent is signed by its SHA-256, so the store refuses what came changed.
 */
#include "base/digest.h"
#include "base/mem.h"
#include "files/s3_store.h"
#include "files/s3_xml.h"

enum {
    FIRST_PART_BYTES = 8 << 20,
    PARTS_OF_A_SIZE = 1000,
    PARTS_MAX = 10000,
    LISTED_MAX = 4 << 20, /* PARTS_MAX lines of the completion */
    ANSWER_MAX = 65536,
    WRITE_PATIENCE_MS = 60000,
    COMPLETE_MS = 300000,
    QUERY_SIZE = 64,
};
static const int64_t largest = INT64_C(5) << 40;

struct s3_writer {
    struct file_writer writer;
    struct s3 *s3;
    struct sha256 *hash;
    struct buf part;   /* the bytes that are not sent yet */
    struct buf listed; /* the parts that are, as the completion lists them */
    int part_count;
    bool may_show; /* an object may be there under the name */
    bool has_failed;
    struct err failure; /* why, if it has */
    char name[S3_NAME_SIZE];
    char upload_id[S3_UPLOAD_ID_SIZE]; /* "": none was begun */
};

static struct s3_writer *writer_of(struct file_writer *writer)
{
    return CONTAINER_OF(writer, struct s3_writer, writer);
}

/* Sends a request of this writer's. What comes back is told as a failure of the store: a file that
 * is being written cannot be "not found". */
static bool call(struct s3_writer *s3w, const struct s3_request *request, struct s3_reply *reply,
                 struct err *err)
{
    const struct s3_patience patience = {WRITE_PATIENCE_MS, s3w->writer.stop};
    if (s3_call(s3w->s3->http, request, &patience, reply, err))
        return true;
    if (err->code == ERR_NOT_FOUND || err->code == ERR_EXISTS)
        err->code = ERR_STORE_UNAVAILABLE;
    if (err->code == ERR_UNIMPLEMENTED)
        err->code = ERR_STORE_DENIED;
    return false;
}

/* ---- Parts ---- */

static bool begin_upload(struct s3_writer *s3w, struct err *err)
{
    const struct s3_request request = {.method = "POST",
                                       .name = s3w->name,
                                       .query = "uploads=",
                                       .body = STR(""),
                                       .timeout_ms = S3_PATIENCE_MS};
    struct s3_reply reply = {0};
    buf_init(&reply.body, ANSWER_MAX);
    bool is_begun = call(s3w, &request, &reply, err);
    if (is_begun)
        is_begun = s3_xml_find(buf_str(&reply.body), "InitiateMultipartUploadResult", "UploadId",
                               s3w->upload_id, S3_UPLOAD_ID_SIZE) ||
                   err_set(err, ERR_STORE_UNAVAILABLE,
                           "the object store begins an upload and does not say which");
    buf_done(&reply.body);
    return is_begun;
}

static bool note_part(struct s3_writer *s3w, const char *etag, struct err *err)
{
    if (!*etag)
        return err_set(err, ERR_STORE_UNAVAILABLE,
                       "the object store took a part of the file and does not say which");
    s3w->part_count++;
    buf_printf(&s3w->listed, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>",
               s3w->part_count, etag);
    size_t size = (size_t)FIRST_PART_BYTES << (s3w->part_count / PARTS_OF_A_SIZE);
    if (s3w->part.max == size) {
        buf_clear(&s3w->part);
        return true;
    }
    buf_done(&s3w->part);
    buf_init(&s3w->part, size);
    return true;
}

static bool send_part(struct s3_writer *s3w, struct err *err)
{
    char before[QUERY_SIZE];
    struct buf query CLEANUP(buf_done);
    struct s3_reply reply = {0};
    buf_init(&query, S3_QUERY_MAX);
    if (s3w->part_count == PARTS_MAX)
        return err_set(err, ERR_STORE_DENIED, "the file has more parts than an object may have");
    if (!s3w->upload_id[0] && !begin_upload(s3w, err))
        return false;
    (void)snprintf(before, sizeof before, "partNumber=%d&", s3w->part_count + 1);
    s3_upload_query(before, s3w->upload_id, &query);
    const struct s3_request request = {
        .method = "PUT", .name = s3w->name, .query = query.ptr, .body = buf_str(&s3w->part)};
    buf_init(&reply.body, ANSWER_MAX);
    bool is_sent = call(s3w, &request, &reply, err) && note_part(s3w, reply.etag, err);
    buf_done(&reply.body);
    return is_sent;
}

static bool take_all(struct s3_writer *s3w, const char *bytes, size_t len, struct err *err)
{
    if ((int64_t)len > largest - s3w->writer.size)
        return err_set(err, ERR_STORE_DENIED,
                       "the file is larger than an object may be (5 TiB); narrow the job");
    while (len) {
        size_t room = s3w->part.max - s3w->part.len;
        size_t count = len < room ? len : room;
        buf_add(&s3w->part, bytes, count);
        bytes += count;
        len -= count;
        if (s3w->part.len == s3w->part.max && !send_part(s3w, err))
            return false;
    }
    return true;
}

static bool take_bytes(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct s3_writer *s3w = writer_of(CONTAINER_OF(sink, struct file_writer, sink));
    if (!s3w->has_failed && !take_all(s3w, bytes, len, &s3w->failure))
        s3w->has_failed = true;
    if (s3w->has_failed) {
        *err = s3w->failure;
        return false;
    }
    sha256_add(s3w->hash, bytes, len);
    s3w->writer.size += (int64_t)len;
    return true;
}

bool s3_create(struct files *files, struct str key, struct file_writer **out, struct err *err)
{
    struct s3_writer *s3w = mem_new(struct s3_writer);
    (void)err; /* the first request is one of the first part */
    s3w->writer = (struct file_writer){.ops = files->ops, .sink = {take_bytes}};
    s3w->s3 = s3_of(files);
    s3w->hash = sha256_new();
    s3_object_name(s3w->s3, key, s3w->name);
    buf_init(&s3w->part, FIRST_PART_BYTES);
    buf_init(&s3w->listed, LISTED_MAX);
    buf_add_text(&s3w->listed, "<CompleteMultipartUpload>");
    *out = &s3w->writer;
    return true;
}

/* ---- The end ---- */

static void free_writer(struct s3_writer *s3w)
{
    sha256_free(s3w->hash);
    buf_done(&s3w->part);
    buf_done(&s3w->listed);
    free(s3w);
}

/* What cannot be removed now is found by a scan. */
void s3_abort(struct file_writer *writer)
{
    struct s3_writer *s3w = writer_of(writer);
    struct buf query CLEANUP(buf_done);
    struct err ignored;
    buf_init(&query, S3_QUERY_MAX);
    s3_upload_query("", s3w->upload_id, &query);
    if (s3w->upload_id[0])
        (void)!s3_delete(s3w->s3, s3w->name, query.ptr, &ignored);
    if (s3w->may_show)
        (void)!s3_delete(s3w->s3, s3w->name, NULL, &ignored);
    free_writer(s3w);
}

static bool put_whole(struct s3_writer *s3w, struct err *err)
{
    struct str body = buf_str(&s3w->part);
    const struct s3_request request = {
        .method = "PUT", .name = s3w->name, .body = body.ptr ? body : STR("")};
    struct s3_reply reply = {0};
    buf_init(&reply.body, ANSWER_MAX);
    s3w->may_show = true;
    bool is_put = call(s3w, &request, &reply, err);
    buf_done(&reply.body);
    return is_put;
}

/* Whether the object is there, with as many bytes as were sent. */
static bool verify(struct s3_writer *s3w, struct err *err)
{
    const struct s3_request request = {
        .method = "HEAD", .name = s3w->name, .timeout_ms = S3_PATIENCE_MS};
    struct s3_reply reply = {0};
    bool is_there = call(s3w, &request, &reply, err);
    return is_there &&
           (reply.length == s3w->writer.size ||
            err_set(err, ERR_STORE_UNAVAILABLE, "the object store has %lld bytes of a file of %lld",
                    (long long)reply.length, (long long)s3w->writer.size));
}

/* The answer to a completion may get lost, and then there is no upload any more to complete: only
 * the object tells. */
static bool complete(struct s3_writer *s3w, struct err *err)
{
    struct buf query CLEANUP(buf_done);
    struct s3_reply reply = {0};
    struct err unsure = {0};
    buf_init(&query, S3_QUERY_MAX);
    s3_upload_query("", s3w->upload_id, &query);
    buf_add_text(&s3w->listed, "</CompleteMultipartUpload>");
    if (!buf_is_ok(&s3w->listed))
        return err_set(err, ERR_INTERNAL, "a list of parts that does not fit");
    const struct s3_request request = {.method = "POST",
                                       .name = s3w->name,
                                       .query = query.ptr,
                                       .body = buf_str(&s3w->listed),
                                       .timeout_ms = COMPLETE_MS,
                                       .is_slow = true};
    const struct s3_patience patience = {WRITE_PATIENCE_MS, s3w->writer.stop};
    buf_init(&reply.body, ANSWER_MAX);
    s3w->may_show = true;
    bool is_told = s3_call(s3w->s3->http, &request, &patience, &reply, &unsure);
    buf_done(&reply.body);
    if (!is_told && unsure.code != ERR_NOT_FOUND) {
        *err = unsure;
        return false;
    }
    if (verify(s3w, err))
        return true;
    if (!is_told) /* and what it said then is the reason */
        (void)err_set(err, ERR_STORE_UNAVAILABLE, "%s", unsure.text);
    return false;
}

static bool publish(struct s3_writer *s3w, struct err *err)
{
    if (s3w->has_failed) {
        *err = s3w->failure;
        return false;
    }
    if (!s3w->upload_id[0])
        return put_whole(s3w, err);
    return (s3w->part.len == 0 || send_part(s3w, err)) && complete(s3w, err);
}

bool s3_commit(struct file_writer *writer, struct file_facts *out, struct err *err)
{
    struct s3_writer *s3w = writer_of(writer);
    uint8_t digest[SHA256_SIZE];
    if (!publish(s3w, err)) {
        s3_abort(writer);
        return false;
    }
    sha256_finish(s3w->hash, digest);
    out->size = writer->size;
    sha256_format(digest, out->sha256);
    free_writer(s3w);
    return true;
}
