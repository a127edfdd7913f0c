/* SPDX-License-Identifier: Apache-2.0
 *
 * Between our errors and gRPC's statuses: the one table, both ways, and the google.rpc.Status that
 * carries an error's field and retry delay in the trailer RPC_DETAILS_KEY. Needs no gRPC.
 */
#ifndef RPC_STATUS_H
#define RPC_STATUS_H

#include "base/arena.h"
#include "base/err.h"

#define RPC_DETAILS_KEY "grpc-status-details-bin"

/* The gRPC status code (0 to 16) for an error's code. */
int rpc_status_from_err(enum err_code code);

/* Some error code that maps to this status; ERR_INTERNAL for a number nobody knows. */
enum err_code rpc_status_to_err(int status);

/* A status's name, such as "NOT_FOUND"; "UNKNOWN" for a number nobody knows. */
const char *rpc_status_name(int status);

/* The google.rpc.Status of an error, in the arena; empty if there is no more to tell than code and
 * text. */
struct str rpc_status_pack(const struct err *err, struct arena *arena);

/* The error behind a status, its text and the bytes of its details (may be empty, or nonsense,
 * which is ignored). */
void rpc_status_unpack(int status, struct str text, struct str details, struct err *out);

#endif
