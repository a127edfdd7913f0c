/* SPDX-License-Identifier: Apache-2.0
 *
 * See memory.h. Freeing is left to the arena.
 */
#include "rpc/memory.h"

static void *alloc(void *data, size_t size)
{
    struct rpc_memory *memory = data;
    if (size > SIZE_MAX - ARENA_ALIGNMENT)
        return NULL;
    size_t taken = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    if (taken > memory->left)
        return NULL;
    memory->left -= taken;
    return arena_alloc(memory->arena, size);
}

static void leave_to_arena(void *data, void *ptr)
{
    (void)data;
    (void)ptr;
}

void rpc_memory_init(struct rpc_memory *memory, struct arena *arena, size_t max_bytes)
{
    arena_init(&memory->own);
    memory->arena = arena ? arena : &memory->own;
    memory->left = max_bytes;
    memory->allocator = (ProtobufCAllocator){alloc, leave_to_arena, memory};
}

void rpc_memory_done(struct rpc_memory *memory)
{
    arena_done(&memory->own);
}
