/* SPDX-License-Identifier: Apache-2.0
 *
 * gRPC's core, brought up and down. Each core_start needs one core_stop. Inside rpc/ only.
 */
#ifndef RPC_CORE_H
#define RPC_CORE_H

/* Starts the core, and keeps it from writing to standard error: whoever wants to hear it listens
 * (rpc_listen_to_log) or, in a program where nobody does, sets GRPC_VERBOSITY. Its last words
 * before an abort always come through. */
void core_start(void);
void core_stop(void);

#endif
