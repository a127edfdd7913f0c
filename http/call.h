/* SPDX-License-Identifier: Apache-2.0
 *
 * One request and its answer. Inside http/ only.
 *
 * The connection's thread (libmicrohttpd's) reads the request, then the connection is suspended and
 * a worker runs the handler; resumed, the thread sends the answer. A stream goes on like that: when
 * the thread has sent what it has, it suspends the connection and lets a worker ask the source. So
 * a call is always in the hands of one of the two, and `state` says whose.
 */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include "base/list.h"
#include "base/workers.h"
#include "http/http.h"
#include "http/router.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum call_state {
    CALL_READING, /* the request is on its way */
    CALL_HANDLED, /* suspended: a worker has it, or will */
    CALL_SENDING, /* the connection has something to send, or asks for it */
    CALL_ASKED,   /* suspended: a worker asks the source, or will */
    CALL_WOKEN,   /* the same, and http_wake came meanwhile */
    CALL_WAITING, /* suspended: until http_wake */
};

struct http_call {
    atomic_uint refs;
    struct http_server *server;
    struct MHD_Connection *connection;
    pthread_mutex_t mutex;
    enum call_state state; /* under mutex, as the next */
    bool has_ended;
    bool was_sent;    /* once it has ended: to the last byte of the answer */
    struct work work; /* run_handler, ask_source or end_source */
    struct list node; /* in the server's list of calls; its mutex */

    struct arena arena;
    const char *method;
    struct str path;
    struct router_match match;
    struct buf body;
    size_t dropped; /* bytes of a body that is too large */
    int64_t begun_ms;
    struct http_call_field *fields; /* of the answer, until there is a response */

    int status;
    struct MHD_Response *response; /* NULL: none yet, or handed over */
    int64_t size;                  /* of the stream; -1: not known */
    const struct http_source *source;
    void *source_state;
    struct buf chunk;
    size_t chunk_sent; /* bytes of it that the connection has taken */
    int64_t given;     /* bytes of the stream, all in all */
    bool is_over;      /* the source has no more */
    bool is_broken;
    int64_t asked_ms; /* under mutex: when it began to wait */
};

struct http_call *http_call_new(struct http_server *server, struct MHD_Connection *connection,
                                const char *method, struct str path);

/* Whether a text holds an ASCII control character: what no URL and no header may bring. */
bool http_call_has_control(struct str text);

/* Sends the response that a verb made. */
enum MHD_Result http_call_send(struct http_call *call);

/* What libmicrohttpd asks for a stream's bytes. */
ssize_t http_call_read_stream(void *data, uint64_t position, char *out, size_t room);

/* The call is over; `was_sent`: to the last byte of the answer. What the answer holds is freed, a
 * source in a worker. */
void http_call_end(struct http_call *call, bool was_sent);

/* Wakes a stream that has waited since before `asked_before_ms`. */
void http_call_ask_again(struct http_call *call, int64_t asked_before_ms);

#endif
