/* SPDX-License-Identifier: Apache-2.0
 *
 * See trace.h.
 */
#include "base/trace.h"

#include <string.h>

/* "00-" trace-id "-" parent-id "-" flags */
enum {
    VERSION_LEN = 2,
    TRACE_ID_AT = 3,
    PARENT_ID_AT = 36,
    PARENT_ID_LEN = 16,
    FLAGS_AT = 53,
    FLAGS_LEN = 2,
};

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

static bool is_id(const char *text, size_t len)
{
    size_t zeros = 0;
    while (zeros < len && text[zeros] == '0')
        zeros++;
    return is_hex(text, len) && zeros < len;
}

static bool is_sampled(const char *flags)
{
    char last = flags[FLAGS_LEN - 1];
    return (last >= 'a' ? last - 'a' + 10 : last - '0') % 2 == 1;
}

bool trace_parent_read(struct str header, char out[TRACE_PARENT_LEN + 1])
{
    const char *text = header.ptr;
    if (header.len < TRACE_PARENT_LEN || !is_hex(text, VERSION_LEN) || memcmp(text, "ff", 2) == 0)
        return false;
    bool is_known = memcmp(text, "00", VERSION_LEN) == 0;
    bool is_longer = header.len > TRACE_PARENT_LEN;
    if (is_longer && (is_known || text[TRACE_PARENT_LEN] != '-'))
        return false;
    if (text[TRACE_ID_AT - 1] != '-' || text[PARENT_ID_AT - 1] != '-' || text[FLAGS_AT - 1] != '-')
        return false;
    if (!is_id(text + TRACE_ID_AT, TRACE_ID_LEN) || !is_id(text + PARENT_ID_AT, PARENT_ID_LEN) ||
        !is_hex(text + FLAGS_AT, FLAGS_LEN))
        return false;
    memcpy(out, text, TRACE_PARENT_LEN);
    out[TRACE_PARENT_LEN] = '\0';
    if (!is_known) {
        memcpy(out, "00", VERSION_LEN);
        memcpy(out + FLAGS_AT, is_sampled(text + FLAGS_AT) ? "01" : "00", FLAGS_LEN);
    }
    return true;
}

struct str trace_parent_of(struct str header, size_t count, struct arena *arena)
{
    char trace_parent[TRACE_PARENT_LEN + 1];
    if (count != 1 || !trace_parent_read(header, trace_parent))
        return (struct str){0};
    return arena_copy_str(arena, str_of(trace_parent));
}

struct str trace_id_of(struct str trace_parent)
{
    if (trace_parent.len < TRACE_PARENT_LEN)
        return (struct str){0};
    return (struct str){trace_parent.ptr + TRACE_ID_AT, TRACE_ID_LEN};
}
