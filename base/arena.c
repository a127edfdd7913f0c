/* SPDX-License-Identifier: Apache-2.0
 *
 * See arena.h. A list of chunks, the newest first; each is twice as large as the one before, up to
 * a limit. What does not fit a chunk gets one of its own.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>

enum { FIRST_CHUNK = 512, LARGEST_CHUNK = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    size_t used;
    max_align_t bytes[];
};

void arena_init(struct arena *arena)
{
    arena->chunks = NULL;
}

void arena_done(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}

size_t arena_size(const struct arena *arena)
{
    size_t size = 0;
    for (const struct arena_chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        size += sizeof *chunk + chunk->size;
    return size;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t needed)
{
    size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size < needed)
        size = needed;
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + size);
    *chunk = (struct arena_chunk){.next = arena->chunks, .size = size};
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    assert(size < SIZE_MAX / 2);
    size_t needed = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < needed)
        chunk = add_chunk(arena, needed);
    void *ptr = (char *)chunk->bytes + chunk->used;
    chunk->used += needed;
    return memset(ptr, 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return arena_alloc(arena, total);
}

struct str arena_copy_str(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

char *arena_copy_text(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    va_list again;
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    assert(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (struct str){text, (size_t)len};
}
