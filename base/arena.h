/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory of one request or one job: taken piece by piece, given back all at once. Nothing in it
 * is freed alone; what must outlive it is copied out. Not thread-safe: an arena has one user at a
 * time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

/* Each piece is aligned to this, so it takes a multiple of it. */
enum { ARENA_ALIGNMENT = _Alignof(max_align_t) };

struct arena {
    struct arena_chunk *chunks; /* private */
};

/* An empty arena; allocates nothing. The zero value is one too. */
void arena_init(struct arena *arena);

/* Gives everything back. The arena is empty then, and usable. */
void arena_done(struct arena *arena);

/* Bytes of memory that it holds, unused parts of its chunks and all. */
size_t arena_size(const struct arena *arena);

/* `size` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* `count` zeroed elements of `size` bytes; a product that overflows aborts. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
    __attribute__((returns_nonnull));

/* A copy, NUL-terminated; the NUL is not counted. An empty text has a non-NULL pointer too. */
struct str arena_copy_str(struct arena *arena, struct str s);

/* The same as a C string; the text ends at its first NUL. */
char *arena_copy_text(struct arena *arena, struct str s);

/* A printed text, NUL-terminated. */
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
