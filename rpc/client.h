/* SPDX-License-Identifier: Apache-2.0
 *
 * A gRPC client for services that protoc-c generates: blocking, one message at a time. A unary call
 * is a stream of one message, so there is one way through it all.
 *
 *     rpc_client_new → rpc_client_call × n, or rpc_stream_open → rpc_stream_next × n →
 * rpc_stream_close → rpc_client_free
 *
 * A client and its streams are used by one thread at a time; threads that call at once have a
 * client each. What the server refuses comes back as the error it made: code, text, field and
 * retry_after_ms (rpc/status.h). A server that cannot be reached, or a connection that breaks, is
 * ERR_UNAVAILABLE with the cause; no answer in time is ERR_DEADLINE; an answer that makes no sense
 * is ERR_INTERNAL.
 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "base/arena.h"
#include "base/err.h"
#include "rpc/obstacle.h"

#include <protobuf-c/protobuf-c.h>

struct rpc_client;
struct rpc_stream;

/* Sent with each call; the key in lower case. */
struct rpc_metadata {
    const char *key;
    const char *value;
};

struct rpc_client_options {
    const char *target; /* "HOST:PORT" */
    const struct rpc_metadata *metadata;
    size_t metadata_count;
    int64_t timeout_ms;          /* of rpc_client_call; 0: 30 s */
    size_t max_message_bytes;    /* of one response; 0: 16 MiB */
    bool is_tls;                 /* the server is always verified; false: plain text */
    const char *ca_pem;          /* by these authorities; NULL: by those that the system trusts */
    const char *certificate_pem; /* what the client shows, with its key; NULL: nothing */
    const char *key_pem;
};

enum { RPC_CLIENT_MAX_METADATA = 8 };

/* Connects with the first call. The options are copied. ERR_INVALID: no target, no certificate in
 * ca_pem, a certificate without its key, or either without TLS, too much metadata, or some that
 * HTTP cannot carry. */
bool rpc_client_new(const struct rpc_client_options *options, struct rpc_client **out,
                    struct err *err) MUST_CHECK;

/* Its streams must be closed. NULL is fine. */
void rpc_client_free(struct rpc_client *client);

/* Gives a metadata pair, by its place in the options, another value for the calls to come: a
 * gateway speaks for many owners over one connection. The value is visible ASCII. */
void rpc_client_set_metadata(struct rpc_client *client, size_t at, const char *value);

/* Whether the server was there for any call that has ended. */
bool rpc_client_was_reached(const struct rpc_client *client);

/* What stood in the way of the last call that could not reach the server. */
enum rpc_obstacle rpc_client_obstacle(const struct rpc_client *client);

/* Calls a unary method, "GetJob", of a service. The response lies in the arena. */
bool rpc_client_call(struct rpc_client *client, const ProtobufCServiceDescriptor *service,
                     const char *method, const ProtobufCMessage *request, struct arena *arena,
                     ProtobufCMessage **out, struct err *err) MUST_CHECK;

/* Starts a server-streaming method; it has no deadline. */
struct rpc_stream *rpc_stream_open(struct rpc_client *client,
                                   const ProtobufCServiceDescriptor *service, const char *method,
                                   const ProtobufCMessage *request);

enum rpc_stream_result {
    RPC_STREAM_MESSAGE, /* *out, in the arena */
    RPC_STREAM_END,     /* the server ended it with OK */
    RPC_STREAM_TIMEOUT, /* nothing came in time; ask again */
    RPC_STREAM_FAILED,  /* *err */
};

/* Waits for the next message, at most `timeout_ms`; -1: without end. After END and FAILED only
 * rpc_stream_close may follow. */
enum rpc_stream_result rpc_stream_next(struct rpc_stream *stream, int64_t timeout_ms,
                                       struct arena *arena, ProtobufCMessage **out,
                                       struct err *err);

/* Cancels what is still under way. NULL is fine. */
void rpc_stream_close(struct rpc_stream *stream);

#endif
