/* SPDX-License-Identifier: Apache-2.0
 *
 * See page.h.
 */
#include "server/page.h"

#include "base/base64.h"

enum { SIZE_DEFAULT = 50, SIZE_MAX_OF_PAGE = 100, TOKEN_MAX_LEN = 64, NUMBER_BYTES = 8 };

bool page_size_read(int32_t asked, size_t *out, struct err *err)
{
    if (asked < 0)
        return err_set_field(err, "page_size",
                             "the page size is %d; accepted are 1 to %d, or 0 for %d", (int)asked,
                             SIZE_MAX_OF_PAGE, SIZE_DEFAULT);
    size_t size = asked ? (size_t)asked : SIZE_DEFAULT;
    *out = size < SIZE_MAX_OF_PAGE ? size : SIZE_MAX_OF_PAGE;
    return true;
}

static bool refuse_token(struct err *err)
{
    return err_set_field(err, "page_token",
                         "this page token is not one of ours; give the one that came with the page "
                         "before, or none");
}

bool page_token_read(struct str token, void *out_key, size_t len, bool *out_is_given,
                     struct err *err)
{
    struct buf key CLEANUP(buf_done);
    buf_init(&key, len);
    *out_is_given = !str_is_empty(token);
    if (!*out_is_given)
        return true;
    if (!base64url_decode(token, &key) || key.len != len)
        return refuse_token(err);
    memcpy(out_key, key.ptr, len);
    return true;
}

struct str page_token_make(const void *key, size_t len, struct arena *arena)
{
    struct buf token CLEANUP(buf_done);
    buf_init(&token, TOKEN_MAX_LEN);
    base64url_encode(key, len, &token);
    return arena_copy_str(arena, buf_str(&token));
}

/* The highest byte first. */
bool page_number_read(struct str token, int64_t *out, struct err *err)
{
    unsigned char bytes[NUMBER_BYTES] = {0};
    uint64_t number = 0;
    bool is_given = false;
    if (!page_token_read(token, bytes, sizeof bytes, &is_given, err))
        return false;
    for (size_t i = 0; is_given && i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    if (is_given && (number < 1 || number > INT64_MAX))
        return refuse_token(err);
    *out = (int64_t)number;
    return true;
}

struct str page_number_make(int64_t number, struct arena *arena)
{
    unsigned char bytes[NUMBER_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> (8 * (sizeof bytes - 1 - i)));
    return page_token_make(bytes, sizeof bytes, arena);
}
