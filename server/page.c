/* SPDX-License-Identifier: Apache-2.0
 *
 * See page.h.
 */
#include "server/page.h"

#include "base/base64.h"

enum { SIZE_DEFAULT = 50, SIZE_MAX_OF_PAGE = 100, TOKEN_MAX_LEN = 64 };

bool page_size_read(int32_t asked, size_t *out, struct err *err)
{
    if (asked < 0)
        return err_set_field(err, "page_size",
                             "the page_size is %d; accepted are 1 to %d, or 0 for %d", (int)asked,
                             SIZE_MAX_OF_PAGE, SIZE_DEFAULT);
    size_t size = asked ? (size_t)asked : SIZE_DEFAULT;
    *out = size < SIZE_MAX_OF_PAGE ? size : SIZE_MAX_OF_PAGE;
    return true;
}

bool page_token_refuse(struct err *err)
{
    return err_set_field(err, "page_token",
                         "this page_token is not one of ours; give the next_page_token of the page "
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
        return page_token_refuse(err);
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
