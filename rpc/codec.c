/* SPDX-License-Identifier: Apache-2.0
 *
 * See codec.h.
 */
#include "rpc/codec.h"

#include "rpc/memory.h"
#include "rpc/wire.h"

#include <assert.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>

static bool decode(grpc_slice slice, const ProtobufCMessageDescriptor *type, struct arena *arena,
                   size_t max_memory, ProtobufCMessage **out, struct err *err)
{
    const uint8_t *bytes = GRPC_SLICE_START_PTR(slice);
    size_t len = GRPC_SLICE_LENGTH(slice);
    if (!rpc_wire_check(type, bytes, len, err))
        return false;
    struct rpc_memory memory;
    rpc_memory_init(&memory, arena, max_memory);
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &memory.allocator, len, bytes);
    rpc_memory_done(&memory);
    if (!message)
        return err_set(err, ERR_INVALID, "the message does not decode as %s", type->name);
    *out = message;
    return true;
}

bool codec_read(grpc_byte_buffer *bytes, const ProtobufCMessageDescriptor *type,
                struct arena *arena, size_t max_memory, ProtobufCMessage **out, struct err *err)
{
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, bytes))
        return err_set(err, ERR_INVALID, "the message cannot be read");
    grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    bool is_ok = decode(slice, type, arena, max_memory, out, err);
    grpc_slice_unref(slice);
    return is_ok;
}

grpc_byte_buffer *codec_write(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    grpc_slice slice = grpc_slice_malloc(size);
    size_t packed = protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    assert(packed == size);
    grpc_byte_buffer *bytes = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return bytes;
}
