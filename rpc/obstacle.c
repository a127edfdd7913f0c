/* SPDX-License-Identifier: Apache-2.0
 *
 * See obstacle.h. The words are those of gRPC 1.51 and OpenSSL 3.0; tests/e2e/test_tls.py and
 * test_cli.py meet each of them.
 */
#include "rpc/obstacle.h"

#include <string.h>

static const struct {
    const char *words;
    enum rpc_obstacle of_plain_text;
    enum rpc_obstacle of_tls;
} signs[] = {
    {"certificate verify failed", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_UNTRUSTED},
    {"is not in peer certificate", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_NAME},
    {"wrong version number", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_NO_TLS},
    {"packet length too long", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_NO_TLS},
    {"http request", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_NO_TLS},
    {"http1.x server", RPC_OBSTACLE_NO_GRPC, RPC_OBSTACLE_NO_GRPC},
    {"Failed parsing HTTP/2", RPC_OBSTACLE_NO_GRPC, RPC_OBSTACLE_NO_GRPC},
    {"SETTINGS frame", RPC_OBSTACLE_NO_GRPC, RPC_OBSTACLE_NO_GRPC},
    {"ALPN", RPC_OBSTACLE_NO_GRPC, RPC_OBSTACLE_NO_GRPC},
    {"Domain name not found", RPC_OBSTACLE_NO_HOST, RPC_OBSTACLE_NO_HOST},
    {"empty address list", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_OWN},
    {"Socket closed", RPC_OBSTACLE_CLOSED, RPC_OBSTACLE_HUNG_UP},
    {"Connection reset by peer", RPC_OBSTACLE_CLOSED, RPC_OBSTACLE_HUNG_UP},
    {"Broken pipe", RPC_OBSTACLE_CLOSED, RPC_OBSTACLE_HUNG_UP},
    {"SSL routines", RPC_OBSTACLE_OTHER, RPC_OBSTACLE_HUNG_UP},
};

static const char *const words[RPC_OBSTACLE_COUNT] = {
    [RPC_OBSTACLE_CLOSED] = "it hangs up on plain text",
    [RPC_OBSTACLE_HUNG_UP] = "it hangs up during the TLS handshake",
    [RPC_OBSTACLE_NO_TLS] = "it does not speak TLS",
    [RPC_OBSTACLE_UNTRUSTED] =
        "its certificate is by no authority that is trusted here, or has expired",
    [RPC_OBSTACLE_NAME] = "its certificate is not for this name",
    [RPC_OBSTACLE_NO_GRPC] = "what answers there does not speak gRPC",
    [RPC_OBSTACLE_NO_HOST] = "this machine knows no address of that name",
    [RPC_OBSTACLE_OWN] = "certificate and key are no pair, or the authorities cannot be read",
};

enum rpc_obstacle obstacle_find(struct str text, bool is_tls)
{
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (text.len && memmem(text.ptr, text.len, signs[i].words, strlen(signs[i].words)))
            return is_tls ? signs[i].of_tls : signs[i].of_plain_text;
    return RPC_OBSTACLE_OTHER;
}

const char *obstacle_words(enum rpc_obstacle obstacle)
{
    return words[obstacle];
}
