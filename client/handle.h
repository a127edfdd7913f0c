/* SPDX-License-Identifier: Apache-2.0
 *
 * What is behind a struct exportq. Only for the library's own files.
 */
#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

#include "rpc/client.h"

struct exportq {
    struct rpc_client *client;
};

#endif
