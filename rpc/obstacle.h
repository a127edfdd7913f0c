/* SPDX-License-Identifier: Apache-2.0
 *
 * What stood in the way of a connection, as far as gRPC tells: it has words for each, and no codes.
 */
#ifndef RPC_OBSTACLE_H
#define RPC_OBSTACLE_H

#include "base/str.h"

enum rpc_obstacle {
    RPC_OBSTACLE_OTHER,     /* nobody listens, no way there */
    RPC_OBSTACLE_CLOSED,    /* the server hung up on plain text; mostly it wants TLS */
    RPC_OBSTACLE_HUNG_UP,   /* the server hung up on TLS, as on a certificate it does not take */
    RPC_OBSTACLE_NO_TLS,    /* the server answered in something else than TLS */
    RPC_OBSTACLE_UNTRUSTED, /* the server's certificate is not by a trusted authority, or not now */
    RPC_OBSTACLE_NAME,      /* the server's certificate is for another name */
    RPC_OBSTACLE_OWN,       /* what the client itself has for TLS makes no sense */
    RPC_OBSTACLE_NO_GRPC,   /* what answered is no HTTP/2, or nothing came in time */
    RPC_OBSTACLE_NO_HOST,   /* no such name */
    RPC_OBSTACLE_COUNT
};

/* By gRPC's text for a connection that did not come about. */
enum rpc_obstacle obstacle_find(struct str text, bool is_tls);

/* The cause, for people; NULL for OTHER: gRPC's own words are the best there are. */
const char *obstacle_words(enum rpc_obstacle obstacle);

#endif
