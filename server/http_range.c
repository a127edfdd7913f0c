/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_range.h.
 */
#include "server/http_range.h"

/* A number without sign; empty is none. */
static bool read_number(struct str text, int64_t *out)
{
    return text.len > 0 && text.ptr[0] != '-' && text.ptr[0] != '+' && str_to_int64(text, out);
}

static enum http_range_kind within(int64_t first, int64_t last, int64_t size,
                                   struct http_range *out)
{
    if (first >= size)
        return RANGE_NEVER;
    *out = (struct http_range){first, last < size ? last : size - 1};
    return RANGE_PART;
}

enum http_range_kind http_range_read(struct str field, int64_t size, struct http_range *out)
{
    struct str unit = STR("bytes=");
    int64_t first = 0;
    int64_t last = INT64_MAX;
    if (!str_starts_with(field, unit) || str_find(field, ',') < field.len)
        return RANGE_ALL;
    struct str range = str_trim((struct str){field.ptr + unit.len, field.len - unit.len});
    size_t dash = str_find(range, '-');
    if (dash == range.len)
        return RANGE_ALL;
    struct str before = {range.ptr, dash};
    struct str behind = {range.ptr + dash + 1, range.len - dash - 1};
    if (!str_is_empty(behind) && !read_number(behind, &last))
        return RANGE_ALL;
    if (str_is_empty(before)) { /* the last so many */
        if (str_is_empty(behind))
            return RANGE_ALL;
        return last == 0 ? RANGE_NEVER : within(last < size ? size - last : 0, size, size, out);
    }
    if (!read_number(before, &first) || first > last)
        return RANGE_ALL;
    return within(first, last, size, out);
}

bool http_range_has_tag(struct str field, struct str tag)
{
    struct str each;
    while (str_next(&field, ',', &each)) {
        each = str_trim(each);
        if (str_starts_with(each, STR("W/"))) /* a weak comparison is asked for: 13.1.2 */
            each = (struct str){each.ptr + 2, each.len - 2};
        if (str_equal(each, STR("*")) || str_equal(each, tag))
            return true;
    }
    return false;
}
