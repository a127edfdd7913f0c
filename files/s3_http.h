/* SPDX-License-Identifier: Apache-2.0
 *
 * One signed HTTP request to the bucket, once: the one door to libcurl, which signs (AWS SigV4).
 * Connections are kept and used again by whoever comes next. Whether to try again is for
 * files/s3_call.h.
 */
#ifndef FILES_S3_HTTP_H
#define FILES_S3_HTTP_H

#include "base/buf.h"
#include "base/stop.h"
#include "files/s3_keys.h"
#include "files/s3_target.h"

enum { S3_ETAG_SIZE = 136 };

struct s3_request {
    const char *method;
    const char *name;   /* of the object, prefix and all; "": the bucket itself */
    const char *query;  /* encoded, by the names' order, each with its '='; NULL: none */
    struct str body;    /* of PUT and POST; its SHA-256 is signed, so the server verifies it */
    const char *header; /* one more, its name in lower case; NULL: none */
    int64_t range_from;
    size_t range_len;   /* 0: no range */
    int64_t timeout_ms; /* 0: as long as bytes flow */
    bool is_slow;       /* the server may think in silence before it answers */
};

/* Make its body with buf_init, for as many bytes as are expected. */
struct s3_reply {
    long status;
    char etag[S3_ETAG_SIZE]; /* quotes and all; "": none, or none as they are made */
    int64_t length;          /* what Content-Length says; -1: nothing */
    struct buf body;
};

enum s3_sent {
    S3_ANSWERED,    /* whatever the status */
    S3_UNANSWERED,  /* no connection, cut off, too late: another try may do better */
    S3_UNTRUSTED,   /* TLS refused the server */
    S3_OVERFLOWING, /* the body is larger than its buffer */
    S3_STOPPED,
};

struct s3_http;

/* Both outlive it. ERR_INVALID if the CA file cannot be read. Before other threads use it. */
bool s3_http_new(const struct s3_target *target, struct s3_keys *keys, struct s3_http **out,
                 struct err *err) MUST_CHECK;

/* After all requests. Accepts NULL. */
void s3_http_free(struct s3_http *http);

/* Sends it and takes the answer. Thread-safe; ends within 100 ms when `stop` is wished, which may
 * be NULL. What is not S3_ANSWERED nor S3_STOPPED is told in *err, without a host or a secret. */
enum s3_sent s3_http_send(struct s3_http *http, const struct s3_request *request, struct stop *stop,
                          struct s3_reply *reply, struct err *err) MUST_CHECK;

#endif
