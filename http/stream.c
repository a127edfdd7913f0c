/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. Here: a stream, which goes to and fro between the connection's thread and a worker.
 */
#include "base/clock.h"
#include "http/call.h"
#include "http/server.h"

#include <string.h>

static void ask_source(struct work *work);

/* Under the call's mutex. */
static ssize_t take(struct http_call *call, char *out, size_t room)
{
    size_t left = call->chunk.len - call->chunk_sent;
    size_t len = left < room ? left : room;
    memcpy(out, call->chunk.ptr + call->chunk_sent, len);
    call->chunk_sent += len;
    call->given += (int64_t)len;
    if (call->chunk_sent == call->chunk.len)
        buf_clear(&call->chunk);
    return (ssize_t)len;
}

/* Under the call's mutex: nothing is left, the source has to be asked. */
static ssize_t ask(struct http_call *call)
{
    call->work.run = ask_source;
    call->chunk_sent = 0;
    if (!http_server_hand_over(call->server, call)) {
        call->is_broken = true;
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    call->state = CALL_ASKED;
    return 0;
}

ssize_t http_call_read_stream(void *data, uint64_t position, char *out, size_t room)
{
    struct http_call *call = data;
    (void)position; /* always that behind what it got */
    pthread_mutex_lock(&call->mutex);
    ssize_t result = MHD_CONTENT_READER_END_OF_STREAM;
    if (call->chunk.len > 0)
        result = take(call, out, room);
    else if (call->is_broken)
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (!call->is_over)
        result = ask(call);
    pthread_mutex_unlock(&call->mutex);
    return result;
}

enum outcome { ASK_AGAIN, IS_WAITING, HAS_NEWS };

/* Under the call's mutex: what the source said, and what is to be done. */
static enum outcome note(struct http_call *call, enum http_next said, bool was_stopping)
{
    if (said == HTTP_WAIT && was_stopping)
        said = HTTP_END;
    if (said == HTTP_WAIT) {
        bool was_woken = call->state == CALL_WOKEN;
        /* A stop looks through all calls once; who comes to wait after that must see it here. */
        bool goes_on = was_woken || http_server_is_stopping(call->server);
        call->state = goes_on ? CALL_ASKED : CALL_WAITING;
        call->asked_ms = clock_monotonic_ms();
        buf_done(&call->chunk); /* thousands may wait */
        buf_init(&call->chunk, HTTP_MAX_CHUNK);
        return goes_on ? ASK_AGAIN : IS_WAITING;
    }
    call->is_over = said == HTTP_END;
    call->is_broken = said == HTTP_BROKEN || !buf_is_ok(&call->chunk) ||
                      (said == HTTP_MORE && call->chunk.len == 0);
    call->state = CALL_SENDING;
    return HAS_NEWS;
}

static void ask_source(struct work *work)
{
    struct http_call *call = CONTAINER_OF(work, struct http_call, work);
    struct http_server *server = call->server;
    struct MHD_Connection *connection = call->connection;
    enum outcome outcome = ASK_AGAIN;
    while (outcome == ASK_AGAIN) {
        bool is_stopping = http_server_is_stopping(server);
        enum http_next said = call->source->next(call->source_state, &call->chunk, is_stopping);
        pthread_mutex_lock(&call->mutex);
        outcome = note(call, said, is_stopping);
        pthread_mutex_unlock(&call->mutex);
    }
    if (outcome == HAS_NEWS) /* a call that waits may already be in another thread's hands */
        http_server_resume(server, connection);
}

/* Under the call's mutex. */
static void wake(struct http_call *call)
{
    if (call->has_ended)
        return;
    if (call->state == CALL_WAITING) {
        call->state = CALL_ASKED;
        http_server_push(call->server, call);
    } else if (call->state == CALL_ASKED) {
        call->state = CALL_WOKEN;
    }
}

void http_wake(struct http_call *call)
{
    pthread_mutex_lock(&call->mutex);
    wake(call);
    pthread_mutex_unlock(&call->mutex);
}

void http_call_ask_again(struct http_call *call, int64_t asked_before_ms)
{
    pthread_mutex_lock(&call->mutex);
    if (call->state == CALL_WAITING && call->asked_ms < asked_before_ms)
        wake(call);
    pthread_mutex_unlock(&call->mutex);
}
