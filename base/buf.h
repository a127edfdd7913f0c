/* SPDX-License-Identifier: Apache-2.0
 *
 * Owned bytes that grow up to a hard maximum.
 *
 * Life: buf_init, any number of adds, buf_done. A buffer that would pass its maximum drops the add
 * and remembers it: build a whole text without a check at each step, then ask buf_is_ok() once. The
 * bytes are always followed by a NUL that is not counted, so buf.ptr of a non-empty buffer is a C
 * string. Not thread-safe.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

#include <string.h>

struct buf {
    char *ptr;         /* NULL until the first add */
    size_t len;        /* bytes in use */
    size_t cap;        /* private */
    size_t max;        /* hard maximum of len */
    bool has_overflow; /* an add was dropped since the last buf_clear */
};

/* An empty buffer of at most `max` bytes; allocates nothing. */
void buf_init(struct buf *buf, size_t max);

/* Frees the bytes. Also for a zeroed struct. */
void buf_done(struct buf *buf);

/* Empties it and keeps the memory. */
void buf_clear(struct buf *buf);

bool buf_is_ok(const struct buf *buf);

static inline void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, struct str s);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes, to be written at the result and then counted by buf_commit (at most
 * `len`). NULL, and an overflow, when that would pass the maximum. */
char *buf_reserve(struct buf *buf, size_t len);
void buf_commit(struct buf *buf, size_t len);

/* Private: an add for which there may be no room. */
void buf_add_growing(struct buf *buf, const void *bytes, size_t len);

/* The row path adds each value of each row: where there is room, there is no call. */
static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || len > buf->cap - buf->len || buf->has_overflow) {
        buf_add_growing(buf, bytes, len);
        return;
    }
    memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

/* A view of the bytes; ends with the next add. */
struct str buf_str(const struct buf *buf);

#endif
