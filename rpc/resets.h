/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections whose calls are reset before a handler has seen them, many in a second
 * (CVE-2023-44487). HTTP/2 does not bound them, for a stream that was reset is no longer open, and
 * neither does gRPC 1.51. A client that changes its mind resets some; one that resets RESETS_MOST
 * in a second is cut off. (Envoy cuts a connection off after 500.) Inside rpc/ only.
 */
#ifndef RPC_RESETS_H
#define RPC_RESETS_H

#include "base/str.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>

enum { RESETS_MOST = 1000, RESETS_WINDOW_MS = 1000, RESETS_COUNTED = 256 };

/* The far end of a connection; IPv4 in its IPv6 form. */
struct resets_peer {
    struct in6_addr address;
    in_port_t port;
};

/* Counts of those that reset most. */
struct resets {
    pthread_mutex_t mutex;
    struct resets_count {
        struct resets_peer peer;
        int64_t since_ms;
        unsigned count;
    } counts[RESETS_COUNTED]; /* under mutex */
};

void resets_init(struct resets *resets);
void resets_done(struct resets *resets);

/* Counts a reset by a peer, given as gRPC prints it ("ipv4:127.0.0.1:4711"); who has no address of
 * its own (unix:PATH) is not counted. Cuts its connection with the server at `port` off if that was
 * too many; gRPC sees it closed. True: it did. Thread-safe. */
bool resets_count(struct resets *resets, struct str peer, int port);

#endif
