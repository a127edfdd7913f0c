/* SPDX-License-Identifier: Apache-2.0
 *
 * See buf.h. Capacity doubles, up to the maximum; one byte beyond it holds the NUL.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>

enum { FIRST_CAPACITY = 64 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->has_overflow = false;
}

bool buf_is_ok(const struct buf *buf)
{
    return !buf->has_overflow;
}

static void grow(struct buf *buf, size_t needed)
{
    size_t first = buf->max < FIRST_CAPACITY ? buf->max : FIRST_CAPACITY;
    size_t cap = buf->cap ? buf->cap : first;
    while (cap < needed)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    buf->ptr = mem_resize_array(buf->ptr, cap + 1, 1);
    buf->cap = cap;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->has_overflow || len > buf->max - buf->len) {
        buf->has_overflow = true;
        return NULL;
    }
    if (!buf->ptr || buf->len + len > buf->cap)
        grow(buf, buf->len + len);
    return buf->ptr + buf->len;
}

void buf_commit(struct buf *buf, size_t len)
{
    assert(len <= buf->cap - buf->len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void buf_add_growing(struct buf *buf, const void *bytes, size_t len)
{
    char *room = buf_reserve(buf, len);
    if (!room)
        return;
    if (len)
        memcpy(room, bytes, len);
    buf_commit(buf, len);
}

void buf_add_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.ptr, s.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    va_list again;
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    assert(len >= 0);
    char *room = buf_reserve(buf, (size_t)len);
    if (room) {
        (void)vsnprintf(room, (size_t)len + 1, format, again);
        buf_commit(buf, (size_t)len);
    }
    va_end(again);
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}
