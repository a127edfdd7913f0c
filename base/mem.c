/* SPDX-License-Identifier: Apache-2.0
 *
 * See mem.h.
 */
#include "base/mem.h"

static void out_of_memory(size_t size)
{
    (void)fprintf(stderr, "exportq: out of memory asking for %zu bytes; stopping\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mem_new_array(size_t count, size_t size)
{
    void *ptr = calloc(count ? count : 1, size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mem_resize_array(void *ptr, size_t count, size_t size)
{
    void *grown = reallocarray(ptr, count ? count : 1, size ? size : 1);
    if (!grown)
        out_of_memory(size);
    return grown;
}

char *mem_dup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}

void mem_free_ptr(void *ptr_to_ptr)
{
    free(*(void **)ptr_to_ptr);
}
