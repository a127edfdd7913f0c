/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_download.h.
 */
#include "server/http_download.h"

#include "base/log.h"
#include "base/mem.h"
#include "queue/refusal.h"
#include "server/handover.h"
#include "server/http_answer.h"
#include "server/http_enter.h"
#include "server/http_range.h"

#include <inttypes.h>

enum { CHUNK_BYTES = 256 * 1024 };

/* What is sent of a file. */
struct body {
    struct handover *handover;
    int64_t left; /* bytes of the range */
};

static enum http_next next_chunk(void *state, struct buf *out, bool is_stopping)
{
    struct body *body = state;
    struct err err = {0};
    size_t room = body->left < CHUNK_BYTES ? (size_t)body->left : CHUNK_BYTES;
    size_t len = 0;
    (void)is_stopping; /* what has begun is finished, as far as the drain lets it */
    if (body->left == 0)
        return HTTP_END;
    if (!handover_read(body->handover, buf_reserve(out, room), room, &len, &err)) {
        log_event(LOG_WARNING, "download.broken", "reason=%s", err.text);
        return HTTP_BROKEN;
    }
    buf_commit(out, len);
    body->left -= (int64_t)len;
    return HTTP_MORE;
}

static void end_body(void *state, bool was_taken)
{
    struct body *body = state;
    handover_end(body->handover, was_taken);
    free(body);
}

static void end_nothing(void *state, bool was_taken)
{
    (void)state;
    (void)was_taken;
}

/* What a browser is told of a file that it gets, has, or asks about; never with an error, which it
 * would save under the file's name. */
static void describe(struct http_call *call, const struct job *job)
{
    struct arena *arena = http_arena(call);
    struct str name = job->file.name; /* ours: letters, digits, '-', '_', '.' */
    http_add_field(call, "Content-Disposition",
                   arena_printf(arena, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s",
                                STR_ARG(name), STR_ARG(name)));
    http_add_field(call, "ETag", arena_printf(arena, "\"%.*s\"", STR_ARG(job->file.sha256)));
    http_add_field(call, "Accept-Ranges", STR("bytes"));
}

static const char *content_type_of(struct http_call *call, const struct job *job)
{
    return arena_copy_text(http_arena(call), job->file.content_type);
}

/* The range that is asked for; one for a file that is no longer this one is ignored. */
static enum http_range_kind read_range(struct http_call *call, const struct job *job,
                                       struct http_range *out)
{
    struct str condition = http_field(call, "if-range");
    struct str tag = arena_printf(http_arena(call), "\"%.*s\"", STR_ARG(job->file.sha256));
    *out = (struct http_range){0, job->file.size - 1};
    bool is_get = str_equal(str_of(http_method(call)), STR("GET")); /* ranges are for it alone */
    if (!is_get || (!str_is_empty(condition) && !str_equal(condition, tag)))
        return RANGE_ALL;
    return http_range_read(http_field(call, "range"), job->file.size, out);
}

static void send_file(struct http_call *call, struct handover *handover, enum http_range_kind kind,
                      const struct http_range *range)
{
    static const struct http_source source = {next_chunk, end_body};
    const struct job *job = handover_job(handover);
    struct body *body = mem_new(struct body);
    body->handover = handover;
    body->left = range->last - range->first + 1;
    describe(call, job);
    if (kind == RANGE_PART)
        http_add_field(call, "Content-Range",
                       arena_printf(http_arena(call), "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                                    range->first, range->last, job->file.size));
    http_set_size(call, body->left);
    http_stream(call, kind == RANGE_PART ? 206 : 200, content_type_of(call, job), &source, body);
}

/* Answers what asks for no byte. False: bytes are asked for. */
static bool answer_without_bytes(struct http_call *call, const struct job *job,
                                 enum http_range_kind kind)
{
    struct str tag = arena_printf(http_arena(call), "\"%.*s\"", STR_ARG(job->file.sha256));
    if (http_range_has_tag(http_field(call, "if-none-match"), tag)) {
        describe(call, job);
        http_reply(call, 304, NULL, (struct str){0});
    } else if (kind == RANGE_NEVER) {
        http_add_field(call, "Content-Range",
                       arena_printf(http_arena(call), "bytes */%" PRId64, job->file.size));
        http_answer_status(call, 416, "RANGE", "the file ends before that range");
    } else if (str_equal(str_of(http_method(call)), STR("HEAD"))) {
        static const struct http_source nothing = {next_chunk, end_nothing};
        describe(call, job);
        http_set_size(call, job->file.size);
        http_stream(call, 200, content_type_of(call, job), &nothing, NULL);
    } else {
        return false;
    }
    return true;
}

/* Whether a browser only guesses that somebody will want it. */
static bool is_prefetch(struct http_call *call)
{
    return str_contains_nocase(http_field(call, "sec-purpose"), STR("prefetch")) ||
           str_contains_nocase(http_field(call, "purpose"), STR("prefetch"));
}

static bool has_file(const struct job *job, struct err *err)
{
    if (job->state == JOB_EXPIRED)
        return err_set(err, ERR_EXPIRED, "the file's time is over; create the export again");
    return job->state == JOB_COMPLETED || refuse_without_file(job, err);
}

static bool check(const struct http_door *door, struct http_call *call, struct caller *out_caller,
                  struct exports_pass *out, struct err *err)
{
    struct str token = {0};
    struct uuid wanted;
    if (!http_enter_anyone(door, call, out_caller, err))
        return false;
    if (!http_query(call, "token", &token) || str_is_empty(token))
        return err_set_field(err, "token",
                             "the token is missing; POST /api/exports/jobs/{id}/token gives one");
    if (!exports_check_token(door->exports, out_caller, token, http_arena(call), out, err))
        return false;
    if (!uuid_parse(http_part(call, "id"), &wanted) || !uuid_equal(wanted, out->job.id))
        return err_set(err, ERR_DENIED, "the token is not for this job");
    return has_file(&out->job, err);
}

void http_download(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct exports_pass pass = {0};
    struct handover *handover = NULL;
    struct http_range range;
    struct err err = {0};
    if (!check(door, call, &caller, &pass, &err)) {
        http_fail(door, call, &caller, http_part(call, "id"), &err);
        return;
    }
    if (is_prefetch(call)) {
        http_answer_status(call, 403, "PREFETCH", "a download happens once: it is not prefetched");
        return;
    }
    enum http_range_kind kind = read_range(call, &pass.job, &range);
    if (answer_without_bytes(call, &pass.job, kind))
        return;
    if (handover_begin(door->exports, &caller, &pass, range.first, &handover, &err))
        send_file(call, handover, kind, &range);
    else
        http_fail(door, call, &caller, http_part(call, "id"), &err);
}
