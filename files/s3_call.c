/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_call.h.
 */
#include "files/s3_call.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/thread.h"
#include "files/s3_error.h"

enum {
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 5000,
    STEP_MS = 50, /* of a pause, between two looks at the stop */
    HTTP_OK = 200,
    HTTP_BEYOND_OK = 300,
    HTTP_FAULT = 500,
};

/* From a half to the whole of what is due. */
static int64_t spread(int64_t pause_ms)
{
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    return pause_ms / 2 + (int64_t)(random % (uint32_t)(pause_ms / 2 + 1));
}

static void pause_for(int64_t ms, struct stop *stop)
{
    int64_t end_ms = clock_monotonic_ms() + ms;
    int64_t left_ms = ms;
    while (left_ms > 0 && stop_reason(stop) == STOP_NONE) {
        thread_sleep_ms(left_ms < STEP_MS ? left_ms : STEP_MS);
        left_ms = end_ms - clock_monotonic_ms();
    }
}

/* A slow request is answered before its result is known: 200, and then an error all the same. */
static bool is_late_failure(const struct s3_request *request, const struct s3_reply *reply)
{
    const struct str mark = STR("<Error");
    return request->is_slow && reply->body.len &&
           memmem(reply->body.ptr, reply->body.len, mark.ptr, mark.len);
}

/* One try; *out_may_help: another might do better. */
static bool try_once(struct s3_http *http, const struct s3_request *request, struct stop *stop,
                     struct s3_reply *reply, bool *out_may_help, struct err *err)
{
    *out_may_help = false;
    if (!stop_check(stop, err))
        return false;
    switch (s3_http_send(http, request, stop, reply, err)) {
    case S3_ANSWERED:
        break;
    case S3_UNANSWERED:
        *out_may_help = true;
        return false;
    case S3_UNTRUSTED:
    case S3_OVERFLOWING:
        return false;
    case S3_STOPPED:
        return stop_check(stop, err) && err_set(err, ERR_INTERNAL, "a stop that was none");
    }
    bool is_ok = reply->status >= HTTP_OK && reply->status < HTTP_BEYOND_OK;
    if (is_ok && !is_late_failure(request, reply))
        return true;
    *out_may_help = s3_error_tell(is_ok ? HTTP_FAULT : reply->status, buf_str(&reply->body), err);
    return false;
}

bool s3_call(struct s3_http *http, const struct s3_request *request,
             const struct s3_patience *patience, struct s3_reply *reply, struct err *err)
{
    int64_t end_ms = clock_monotonic_ms() + patience->budget_ms;
    int64_t pause_ms = FIRST_PAUSE_MS;
    bool may_help = false;
    while (!try_once(http, request, patience->stop, reply, &may_help, err)) {
        int64_t wait_ms = spread(pause_ms);
        if (!may_help || clock_monotonic_ms() + wait_ms >= end_ms)
            return false;
        pause_for(wait_ms, patience->stop);
        pause_ms = pause_ms < LONGEST_PAUSE_MS / 2 ? pause_ms * 2 : LONGEST_PAUSE_MS;
    }
    return true;
}
