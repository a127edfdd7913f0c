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

/* Of tracestate: a list of key "=" value. */
enum { MAX_MEMBERS = 32, MAX_KEY = 256, MAX_VALUE = 256 };

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

static bool is_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter && (i == 0 || !c || !strchr("_-*/@", c)))
            return false;
    }
    return key.len > 0 && key.len <= MAX_KEY;
}

static bool is_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < ' ' || value.ptr[i] > '~' || value.ptr[i] == '=')
            return false;
    return value.len > 0 && value.len <= MAX_VALUE;
}

/* The list's members that are not empty, without the white space between them; false: a damaged
 * one, too many of them, a key twice. */
static bool read_members(struct str list, struct str out[MAX_MEMBERS], size_t *out_count)
{
    struct str keys[MAX_MEMBERS];
    struct str each;
    size_t count = 0;
    while (str_next(&list, ',', &each)) {
        struct str member = str_trim(each);
        size_t at = str_find(member, '=');
        struct str key = {member.ptr, at};
        if (str_is_empty(member))
            continue;
        if (count == MAX_MEMBERS || at == member.len || !is_key(key) ||
            !is_value((struct str){member.ptr + at + 1, member.len - at - 1}))
            return false;
        for (size_t i = 0; i < count; i++)
            if (str_equal(keys[i], key))
                return false;
        keys[count] = key;
        out[count++] = member;
    }
    *out_count = count;
    return true;
}

struct str trace_state_of(struct str header, size_t count, struct arena *arena)
{
    struct str members[MAX_MEMBERS];
    size_t member_count = 0;
    char text[TRACE_STATE_MAX]; /* as long as what came, or shorter */
    size_t len = 0;
    if (count != 1 || header.len > TRACE_STATE_MAX || !read_members(header, members, &member_count))
        return (struct str){0};
    for (size_t i = 0; i < member_count; i++) {
        if (i > 0)
            text[len++] = ',';
        memcpy(text + len, members[i].ptr, members[i].len);
        len += members[i].len;
    }
    return len ? arena_copy_str(arena, (struct str){text, len}) : (struct str){0};
}

struct str trace_id_of(struct str trace_parent)
{
    if (trace_parent.len < TRACE_PARENT_LEN)
        return (struct str){0};
    return (struct str){trace_parent.ptr + TRACE_ID_AT, TRACE_ID_LEN};
}
