/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory from the heap. Running out of it stops the process (gRPC's core does the same), so no
 * caller has an out-of-memory path. Whatever a peer can size is bounded before it comes here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/defs.h"

/* `size` bytes, uninitialised. Never NULL. Free with free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/* `count` elements of `size` bytes, zeroed; a product that overflows aborts. Never NULL. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Like realloc, for `count` elements of `size` bytes. Never NULL. */
void *mem_resize_array(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of a NUL-terminated string. Never NULL. Free with free(). */
char *mem_dup(const char *text) __attribute__((malloc, returns_nonnull));

/* One zeroed object of a type. */
#define mem_new(type) ((type *)mem_new_array(1, sizeof(type)))

/* For CLEANUP(mem_free_ptr) on a pointer variable. */
void mem_free_ptr(void *ptr_to_ptr);

#endif
