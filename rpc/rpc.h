/* SPDX-License-Identifier: Apache-2.0
 *
 * A gRPC server for services that protoc-c generates. A call is an iterator of responses: the
 * handler is asked for the next one and answers with one verb. No handler sees a batch, a lock or a
 * thread, and a stream that waits holds none.
 *
 *     static void jobs_get(Jobs_Service *self, const GetJobRequest *request, Job_Closure reply,
 *                          void *call)
 *     {
 *         struct err err;
 *         Job job = JOB__INIT;
 *         if (find_job(request->id, rpc_turn_arena(call), &job, &err))
 *             reply(&job, call);
 *         else
 *             rpc_fail(call, &err);
 *     }
 *     static Jobs_Service jobs = JOBS__INIT(jobs_);
 *
 * Life of a server: rpc_server_new, rpc_server_add for each service, rpc_server_start,
 * rpc_server_stop, rpc_server_free. A handler has the generated shape: `call` is the
 * `struct rpc_call *`, and `reply(message, call)` is rpc_reply with the right message type.
 *
 * A turn is one invocation of a handler. In it the handler calls exactly one verb (anything else
 * stops the process); the verb takes effect when the handler returns. Turns of one call never
 * overlap, but may run in different threads. Turns of different calls run at the same time. Before
 * a turn the runtime looks itself whether the client has gone: a cancelled call is not asked again,
 * so a handler asks rpc_call_is_cancelled only in the midst of long work.
 *
 *     unary            one turn: rpc_reply or rpc_fail
 *     server stream    any number of turns: rpc_reply or rpc_wait each, until rpc_end or rpc_fail
 *     lockstep stream  (both sides stream) one turn for each request: rpc_reply, rpc_end or
 * rpc_fail; ends by itself when the client has no more requests
 *
 * One message of a call is in flight at a time: the next turn comes when flow control has taken it,
 * so a reader that stops costs one message and no thread.
 *
 * Before a handler sees a request it was checked: it decodes, is not nested deeper than 64
 * messages, and each text is UTF-8 without NUL; all else is INVALID_ARGUMENT. What gRPC 1.51 keeps
 * from us: a message whose first byte is no flag of gRPC's (such as JSON without gRPC's prefix)
 * arrives as an empty one, so an empty request must do no harm; and any content-type is taken.
 *
 * gRPC starts threads of its own, which inherit the signal mask: block the signals that the program
 * waits for before rpc_server_start. A process that has started a server must not fork.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "base/arena.h"
#include "base/err.h"
#include "rpc/schema.h"

#include <protobuf-c/protobuf-c.h>

struct rpc_server;
struct rpc_call;

/* What TLS shows and trusts, as PEM. */
struct rpc_tls {
    const char *certificate_pem; /* and those between it and its authority */
    const char *key_pem;
    const char *client_ca_pem; /* clients are asked for a certificate of this authority; NULL: they
                                  are not */
};

/* TLS that may become another while the server runs: asked at the start and for each new
 * connection, in any thread, one at a time. What it gives has been checked; whether there is a
 * client_ca_pem stays as it is. */
struct rpc_tls_source {
    /* As it is now, until `release`; another one has another generation. */
    const struct rpc_tls *(*hold)(void *data, uint64_t *out_generation);
    void (*release)(void *data);
    void *data; /* outlives the server */
};

/* 0 or NULL takes the default. Texts are read by rpc_server_new only. */
struct rpc_server_options {
    const char *listen;        /* "host:port" or "unix:PATH"; port 0: any free one. Default
                                  "127.0.0.1:50051". */
    unsigned pollers;          /* threads that move bytes; 2 */
    unsigned workers;          /* threads that run handlers; 4 */
    unsigned max_calls;        /* calls at a time, waiting streams too; 12000. What is beyond gets
                                  RESOURCE_EXHAUSTED with a RetryInfo. */
    unsigned max_streams;      /* calls at a time of one connection; a quarter of max_calls, so that
                                  one cannot take them all, but at least 1100. A client keeps what
                                  is beyond to itself and waits. gRPC 1.51 cuts off one that does
                                  not, unless it never acknowledged the limit. */
    unsigned max_connections;  /* at a time; what is beyond is closed at once and counted. 10000, or
                                  what the limit of open files leaves: rpc/accept.h. The server
                                  that was started last decides for all of the process. */
    size_t max_message_bytes;  /* of one request; 1 MiB. Beyond: RESOURCE_EXHAUSTED. */
    size_t max_decoded_bytes;  /* of the requests of all calls, as they lie in memory; 256 MiB. The
                                  request beyond gets RESOURCE_EXHAUSTED with a RetryInfo. */
    size_t max_metadata_bytes; /* of one call; 16 KiB */
    size_t max_memory_bytes;   /* of gRPC's own buffers, all calls together; 512 MiB */
    int64_t keepalive_ms;      /* ping a silent connection after this time; 60 s */
    int64_t keepalive_timeout_ms;        /* and drop it when no answer comes within this; 20 s */
    int64_t min_ping_interval_ms;        /* clients that ping more often are sent away; 10 s */
    int64_t handshake_timeout_ms;        /* until a new connection speaks HTTP/2; 20 s */
    int64_t request_timeout_ms;          /* until a new call has sent its request, then it ends with
                                            DEADLINE_EXCEEDED; 20 s */
    int64_t max_idle_ms;                 /* of a connection without calls, then it is closed;
                                            10 min */
    int64_t max_connection_age_ms;       /* after it clients are asked to connect anew, so that load
                                            balancers can rebalance; no limit */
    int64_t max_connection_age_grace_ms; /* until their calls are cut; no limit */
    struct rpc_tls tls;                  /* 1.2 and 1.3, suites with forward secrecy; none: plain
                                            text. gRPC's GRPC_SSL_CIPHER_SUITES must not be set. */
    struct rpc_tls_source tls_source;    /* instead of `tls`; none */
    bool has_optional_client_certificate; /* a client that is asked may show none; what it shows is
                                             verified all the same. Else it must. */
    /* Told of each call that is refused before a handler sees it: no such method, over a limit of
     * this struct, no request, a damaged one, the server stops. In any thread, while the rest of
     * the call waits; `call` may be asked as in a turn. (What gRPC itself refuses, such as a
     * message that is too large, nobody is told.) Default: nobody is told. */
    void (*refused)(void *data, struct rpc_call *call, const struct err *why);
    /* The same, of each connection that is cut off because it resets very many calls before a
     * handler sees them (CVE-2023-44487); `call` is the last one. */
    void (*cut_off)(void *data, struct rpc_call *call);
    /* Told of each call's end before its status is sent, also of those that were refused: `method`
     * is "/package.Service/Method" of a service that is mounted, else empty; seconds since the call
     * was accepted. In any thread. Default: nobody is told. */
    void (*ended)(void *data, struct str method, int status, double seconds);
    void *told; /* their `data` */
};

/* --- a server ------------------------------------------------------------------------------- */

/* A server that does nothing yet. Fails on options that make no sense. */
bool rpc_server_new(const struct rpc_server_options *options, struct rpc_server **out,
                    struct err *err) MUST_CHECK;

/* Mounts a service (JOBS__INIT(…)) before the start. The schema tells which methods stream. Fails
 * if it lacks the service or a method, or if a method takes a stream and gives a single message.
 * Both must outlive the server; neither is owned by it. */
bool rpc_server_add(struct rpc_server *server, ProtobufCService *service,
                    const struct rpc_schema *schema, struct err *err) MUST_CHECK;

/* The same for a service whose handlers never block: they are asked by the threads that move bytes,
 * so they answer even when all workers are busy, and get some room beyond max_calls. Only a turn
 * that comes of rpc_wake is a worker's: whoever wakes may hold a lock that the handler takes. */
bool rpc_server_add_quick(struct rpc_server *server, ProtobufCService *service,
                          const struct rpc_schema *schema, struct err *err) MUST_CHECK;

/* Binds and serves, once. ERR_UNAVAILABLE names the address. */
bool rpc_server_start(struct rpc_server *server, struct err *err) MUST_CHECK;

/* The port that was bound; 0 before the start, and for unix:PATH. */
int rpc_server_port(const struct rpc_server *server);

/* Calls at present: accepted and not yet gone. Thread-safe. */
unsigned rpc_server_calls(struct rpc_server *server);

/* Lets the process have as many connections as a server with such options would: for who asks for
 * rpc_connections_most without starting one. ERR_INVALID: more than there may be open files. */
bool rpc_connections_allow(unsigned max_connections, struct err *err) MUST_CHECK;

/* Connections that there may be at a time: max_connections, or what came of its default. 0: no
 * server of the process was started. Thread-safe. (How many there are gRPC does not tell.) */
unsigned rpc_connections_most(void);

/* Connections that were closed at once, in the life of the process, because there were
 * max_connections or no descriptor was left. Thread-safe. */
unsigned long rpc_connections_refused(void);

/* Stops in order: health says NOT_SERVING; no new calls; each waiting stream is asked once more
 * and, if it would wait again, ends with UNAVAILABLE; the other calls get `grace_ms`, then they are
 * cancelled. Connections without calls get half a second. Returns when no call is left, so a
 * handler that blocks without limit blocks it too, and a peer that has stopped reading delays it by
 * up to 10 s (gRPC 1.51 waits for the poller of its write). Thread-safe, idempotent; not from a
 * handler. */
void rpc_server_stop(struct rpc_server *server, int64_t grace_ms);

/* Stops without grace if need be, and frees. NULL is fine. */
void rpc_server_free(struct rpc_server *server);

/* --- gRPC's own log --------------------------------------------------------------------------- */

/* Told of what gRPC logs: errors only, unless GRPC_VERBOSITY asks for more. `place` is a line of
 * its source. The message is without the values of headers; with GRPC_TRACE set it has all there
 * is. */
typedef void rpc_log_listener(void *data, bool is_error, const char *place, const char *message);

/* From now on `told` hears it, in any thread, one message at a time; it must not call into rpc/.
 * One listener for the process; NULL: nobody. When this returns, the one before is not called any
 * more. */
void rpc_listen_to_log(rpc_log_listener *told, void *data);

/* --- verbs: one per turn, in the handler's thread -------------------------------------------- */

/* Unary: the answer. Stream: one message, packed now, so that it may live on the stack; the next
 * turn comes when it is on its way. */
void rpc_reply(struct rpc_call *call, const ProtobufCMessage *message);

/* Server stream: the next turn comes after rpc_wake, at once if that was called since this turn
 * began. While the server stops, the call ends with UNAVAILABLE instead. */
void rpc_wait(struct rpc_call *call);

/* Stream: the end, status OK. */
void rpc_end(struct rpc_call *call);

/* The end, with an error: status by rpc/status.h, text, and the details of a google.rpc.Status:
 * BadRequest for err->field, RetryInfo for err->retry_after_ms. */
void rpc_fail(struct rpc_call *call, const struct err *err);

/* --- about the call: in a turn only ---------------------------------------------------------- */

/* Memory that lives as long as the call. */
struct arena *rpc_call_arena(struct rpc_call *call);

/* Memory of this turn; emptied before the next. */
struct arena *rpc_turn_arena(struct rpc_call *call);

/* "/package.Service/Method", as the client asked for it. Lives as long as the call. */
struct str rpc_call_method(const struct rpc_call *call);

/* The first value under a key, which is in lower case; empty if there is none. Lives as long as the
 * call. Values of "-bin" keys are bytes. */
struct str rpc_call_metadata(const struct rpc_call *call, const char *key);

/* How many values a key has. */
size_t rpc_call_metadata_count(const struct rpc_call *call, const char *key);

/* Who is at the other end, such as "ipv4:127.0.0.1:4711": a hint, nothing proven. */
struct str rpc_call_peer(struct rpc_call *call);

/* The names for which the client's certificate was issued (its SubjectAlternativeNames). */
enum rpc_name_kind { RPC_NAME_URI, RPC_NAME_EMAIL, RPC_NAME_DNS };

/* Those of one kind, in the certificate's order, `max` at most; returns how many there are. They
 * live as long as the call. None without TLS, or without a certificate that was verified. A name
 * may hold anything, a NUL too: which are legal, the user has to say. */
size_t rpc_call_certificate_names(const struct rpc_call *call, enum rpc_name_kind kind,
                                  struct str *out, size_t max);

/* When the client loses interest, on clock_monotonic_ms(); INT64_MAX: never. */
int64_t rpc_call_deadline_ms(const struct rpc_call *call);

/* Something of the handler's that lasts from turn to turn; NULL at first. `free_state` (may be
 * NULL) is called with it once the handler will not be asked again, outside of any lock, before the
 * status is sent. Setting another one frees nothing. */
void *rpc_call_state(const struct rpc_call *call);
void rpc_call_set_state(struct rpc_call *call, void *state, void (*free_state)(void *));

/* --- for holders of a reference: any thread, any time ---------------------------------------- */

/* Whether the client has gone, or its deadline has passed. */
bool rpc_call_is_cancelled(const struct rpc_call *call);

/* Keeps the call's memory. A reference may outlive the server. */
struct rpc_call *rpc_call_ref(struct rpc_call *call);
void rpc_call_unref(struct rpc_call *call);

/* Asks a waiting stream again. Wakes coalesce; a wake during a turn is remembered; a call that has
 * ended ignores it. Never runs the handler itself, so a lock may be held. */
void rpc_wake(struct rpc_call *call);

#endif
