/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP/1.1 server. As in rpc/rpc.h a handler answers with one verb, and what streams is asked
 * for its next bytes: no handler sees a connection or a lock, and a stream that waits holds no
 * thread.
 *
 *     static void get_job(void *data, struct http_call *call)
 *     {
 *         struct str id = http_part(call, "id");
 *         …
 *         http_reply(call, 200, "application/json", buf_str(&json));
 *     }
 *     static const struct http_route routes[] = {{"GET", "/api/jobs/{id}", get_job}};
 *
 * Life of a server: http_server_new, http_server_start, http_server_stop, http_server_free.
 *
 * A handler runs in a worker and may block; calls of one connection come one after the other. It
 * says one verb (http_reply or http_stream). A GET route answers HEAD, too: without the body, and
 * without a stream being asked. Before a handler runs, the request is whole and within the limits;
 * path and query are decoded, UTF-8, and without control characters.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct http_server;
struct http_call;

struct http_route {
    const char *method;
    const char *path; /* a part in braces stands for any text without '/': "/api/jobs/{id}/token" */
    void (*handle)(void *data, struct http_call *call);
    const char *query; /* the arguments that it takes: "id, token"; "": none; NULL: any */
};

/* What TLS shows, as PEM. */
struct http_tls {
    const char *certificate_pem; /* and those between it and its authority */
    const char *key_pem;
};

/* TLS that may become another while the server runs: asked at the start and for each new
 * connection, in any thread, one at a time. */
struct http_tls_source {
    /* As it is now, until `release`; another one has another generation. */
    const struct http_tls *(*hold)(void *data, uint64_t *out_generation);
    void (*release)(void *data);
    void *data; /* outlives the server */
};

/* 0 or NULL takes the default. Everything outlives the server. */
struct http_server_options {
    const char *listen;              /* "host:port"; port 0: any free one. No default. */
    const struct http_route *routes; /* the first that fits answers */
    size_t route_count;
    void *data; /* for the handlers, and the next two */
    /* Answers what no handler is asked for, by http_reply: no such route (ERR_NOT_FOUND), another
     * method (ERR_UNIMPLEMENTED), an argument that the route does not take (ERR_INVALID names it),
     * too large, damaged. Not NULL. */
    void (*refuse)(void *data, struct http_call *call, const struct err *why);
    /* Whether a route, or the stream it begins, waits for what may hang, as disks do: such routes
     * have workers of their own, and hold up none of the others. NULL: no route is slow. */
    bool (*is_slow)(const struct http_route *route);
    /* Told when a call is over, in any thread; `seconds` since its headers were read. NULL: nobody
     * is told. */
    void (*ended)(void *data, struct http_call *call, double seconds);
    unsigned threads;           /* that move bytes; 2 */
    unsigned workers;           /* that run handlers; 4. And as many for the slow ones */
    unsigned max_connections;   /* at a time; what is beyond is closed at once. 10000 */
    size_t max_body_bytes;      /* of a request; 1 MiB */
    size_t max_header_bytes;    /* of a request, about; 32 KiB. Beyond: 431. */
    int64_t timeout_ms;         /* of a connection that neither gives nor takes a byte while
                                   it should; 30 s */
    int64_t ask_again_ms;       /* a stream that waits is asked at least so often; 10 s */
    int64_t hang_ms;            /* what workers still do when the grace of a stop is over has this
                                   long to come back; 3 s */
    struct http_tls_source tls; /* 1.2 and 1.3; none: plain text. One server of a process may
                                   have it. */
};

/* Fails on options that make no sense. */
bool http_server_new(const struct http_server_options *options, struct http_server **out,
                     struct err *err) MUST_CHECK;

/* Binds and serves, once. ERR_UNAVAILABLE names the address. */
bool http_server_start(struct http_server *server, struct err *err) MUST_CHECK;

/* Both; nothing is left of a server that could not start. */
bool http_server_open(const struct http_server_options *options, struct http_server **out,
                      struct err *err) MUST_CHECK;

/* The port that was bound; 0 before the start. */
int http_server_port(const struct http_server *server);

/* Who asks now is refused with ERR_UNAVAILABLE; streams are asked once more, to end if they would
 * wait again; what is still under way after `grace_ms` is cut. Not from a handler. Returns how many
 * calls hang in a handler or a source: while there are any the server goes on refusing, and may be
 * stopped again. */
size_t http_server_stop(struct http_server *server, int64_t grace_ms);

/* Stops without grace if need be, and frees; not if a call hangs, which still needs it all. NULL is
 * fine. */
void http_server_free(struct http_server *server);

/* --- about the request: in a handler, `refuse` and `ended` ------------------------------------ */

/* Memory that lives as long as the call. */
struct arena *http_arena(struct http_call *call);

/* "GET", "HEAD", …; "" for one that nobody here knows. */
const char *http_method(const struct http_call *call);

/* Decoded. Lives as long as the call, as all texts here. */
struct str http_path(const struct http_call *call);

/* The path of the route that answers, as it stands in the table; NULL: none. */
const char *http_route_path(const struct http_call *call);

/* What stands for "{name}" in the path; empty if the route has no such part. */
struct str http_part(const struct http_call *call, const char *name);

/* The value of a query's argument, decoded; false if there is none. The last one counts. */
bool http_query(struct http_call *call, const char *name, struct str *out);

/* A header field's value; empty if there is none. Names in any case. */
struct str http_field(struct http_call *call, const char *name);

/* How many fields have this name. */
size_t http_field_count(struct http_call *call, const char *name);

/* The request's body. */
struct str http_body(const struct http_call *call);

/* The other end's address, without its port. */
struct str http_peer(struct http_call *call);

/* The status that was answered; 0: none yet. */
int http_status(const struct http_call *call);

/* --- the answer: one verb per call ------------------------------------------------------------ */

/* Adds a field to the answer's header; before the verb. A value with a control character is left
 * out: nothing from outside splits a header. */
void http_add_field(struct http_call *call, const char *name, struct str value);

/* The whole answer. `body` is copied. */
void http_reply(struct http_call *call, int status, const char *content_type, struct str body);

/* What a body says when it is asked for its next bytes. */
enum http_next {
    HTTP_MORE,   /* they are in `out` */
    HTTP_WAIT,   /* none now; ask again after http_wake, or after ask_again_ms */
    HTTP_END,    /* no more */
    HTTP_BROKEN, /* no more, and the client is to see that it was not all */
};

/* A body that is made while it is sent. */
struct http_source {
    /* Adds the next bytes to `out`, which is empty and has a maximum of HTTP_MAX_CHUNK. In a
     * worker, one at a time; what was given before has been taken by the connection. While
     * `is_stopping`, HTTP_WAIT is taken for HTTP_END. */
    enum http_next (*next)(void *state, struct buf *out, bool is_stopping);
    /* The end. `was_taken`: the connection took every byte that was given, up to HTTP_END or the
     * size that was told. */
    void (*free)(void *state, bool was_taken);
};

enum { HTTP_MAX_CHUNK = 1024 * 1024 };

/* How many bytes the stream has; before http_stream. Else nobody knows, and its end is its end. */
void http_set_size(struct http_call *call, int64_t size);

/* The answer is a body that `source` makes. The call owns `state`, and frees it in every case, also
 * if it is not asked for anything (HEAD, a client that is gone). */
void http_stream(struct http_call *call, int status, const char *content_type,
                 const struct http_source *source, void *state);

/* --- for holders of a reference: any thread, any time ------------------------------------------
 */

/* Asks a stream that waits. Wakes coalesce; a call that has ended ignores it. Asks nobody itself,
 * so a lock may be held. */
void http_wake(struct http_call *call);

/* Keeps the call's memory, for http_wake. A reference may not outlive the server. */
struct http_call *http_call_ref(struct http_call *call);
void http_call_unref(struct http_call *call);

/* --- statuses ----------------------------------------------------------------------------------
 */

/* The HTTP status of an error's code: http/status.c. */
int http_status_from_err(enum err_code code);

#endif
