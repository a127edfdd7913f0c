/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages to gRPC's bytes and back. Inside rpc/ only.
 */
#ifndef RPC_CODEC_H
#define RPC_CODEC_H

#include "base/arena.h"
#include "base/err.h"

#include <grpc/byte_buffer.h>
#include <protobuf-c/protobuf-c.h>

/* Checks (rpc/wire.h) and decodes into the arena, using at most `max_memory` bytes of it.
 * ERR_INVALID says what is wrong. The bytes stay the caller's. */
bool codec_read(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type,
                struct arena *arena, size_t max_memory, ProtobufCMessage **out,
                struct err *err) MUST_CHECK;

/* The message's bytes, packed once, straight into gRPC's memory. Free with
 * grpc_byte_buffer_destroy. */
grpc_byte_buffer *codec_write(const ProtobufCMessage *message);

#endif
