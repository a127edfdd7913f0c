/* SPDX-License-Identifier: Apache-2.0
 *
 * A client that can misbehave: raw bytes, no body, no reading, cancelling at will. One connection,
 * one thread. Everything that waits fails the test after ten seconds.
 */
#ifndef TESTS_RPC_SUPPORT_PROBE_CLIENT_H
#define TESTS_RPC_SUPPORT_PROBE_CLIENT_H

#include "base/str.h"

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>

struct probe_client;

struct probe_client *probe_client_new(int port);

/* Over TLS, to a server named "localhost"; with a certificate of its own or NULL, NULL. */
struct probe_client *probe_client_new_tls(int port, const char *ca_pem, const char *certificate_pem,
                                          const char *key_pem);

void probe_client_free(struct probe_client *client);

struct probe_op {
    bool is_done;
    bool is_ok;
    int64_t done_us;
};

struct probe_call {
    struct probe_client *client;
    grpc_call *core;
    struct probe_op started;
    struct probe_op read;
    struct probe_op sent;
    struct probe_op ended;
    grpc_metadata_array headers;
    grpc_metadata_array trailers;
    grpc_byte_buffer *sending;
    grpc_byte_buffer *incoming;
    grpc_status_code status;
    grpc_slice text;
};

/* What is odd about a call; zero: nothing. */
struct probe_call_options {
    int64_t timeout_ms; /* 0: none */
    const char *token;  /* of the header "authorization" */
    bool fails_fast;    /* does not wait for a connection */
    bool has_no_body;
    bool stays_open; /* no half-close: more requests come by probe_call_send */
};

/* Begins a call with a request (NULL: bytes instead). Does not wait. */
void probe_call_begin(struct probe_client *client, struct probe_call *call, const char *method,
                      struct str bytes, const struct probe_call_options *options);

/* Packs a message; free the text's ptr. */
struct str probe_pack(const ProtobufCMessage *message);

/* Sends one more request and waits until it is on its way. */
void probe_call_send(struct probe_call *call, struct str bytes);

/* Half-closes. */
void probe_call_close(struct probe_call *call);

/* Asks for the next message. Does not wait. */
void probe_call_ask(struct probe_call *call);

/* Asks if need be, and waits; NULL: there is none. Free with protobuf_c_message_free_unpacked. */
void *probe_call_read(struct probe_call *call, const ProtobufCMessageDescriptor *type);

/* Waits for the message asked for and drops it; false if there is none. */
bool probe_call_skip(struct probe_call *call);

void probe_call_cancel(struct probe_call *call);

/* Drops messages that are left, waits for the status, and gives everything back but the text. */
grpc_status_code probe_call_end(struct probe_call *call);

/* After the end: the status's text and details, and freeing both. */
struct str probe_call_text(const struct probe_call *call);
struct str probe_call_details(const struct probe_call *call);
void probe_call_free(struct probe_call *call);

/* Waits until the operation is done. */
void probe_client_wait(struct probe_client *client, const struct probe_op *op);

/* The whole of a unary call; the response (if `out` is not NULL) is to be freed with
 * protobuf_c_message_free_unpacked. */
grpc_status_code probe_client_call(struct probe_client *client, const char *method,
                                   const ProtobufCMessage *request,
                                   const ProtobufCMessageDescriptor *type, void *out);

int64_t probe_now_us(void);

#endif
