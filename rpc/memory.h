/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for protobuf-c's decoder: an arena with a hard maximum, since a small message can decode
 * to something many times its size.
 */
#ifndef RPC_MEMORY_H
#define RPC_MEMORY_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

enum { RPC_MEMORY_DETAILS_MAX = 256 * 1024 };

/* Must not move while the allocator is in use. */
struct rpc_memory {
    ProtobufCAllocator allocator; /* gives NULL beyond the maximum: the message does not decode */
    struct arena *arena;
    size_t left;
    struct arena own;
};

/* At most `max_bytes`, in the arena; NULL: in one of its own, which rpc_memory_done gives back. */
void rpc_memory_init(struct rpc_memory *memory, struct arena *arena, size_t max_bytes);
void rpc_memory_done(struct rpc_memory *memory);

#endif
