/* SPDX-License-Identifier: Apache-2.0
 *
 * See name.h.
 */
#include "identity/name.h"

#include "base/utf8.h"

/* Of valid UTF-8: C0, DEL and C1; line and paragraph separators; what turns the direction, U+202A
 * to U+202E and U+2066 to U+2069. */
static bool begins_with_control(const unsigned char *at, size_t len)
{
    if (at[0] < ' ' || at[0] == 0x7F)
        return true;
    if (len >= 2 && at[0] == 0xC2)
        return at[1] < 0xA0;
    if (len < 3 || at[0] != 0xE2)
        return false;
    return (at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) ||
           (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9);
}

bool name_is_legal(struct str name)
{
    if (name.len < 1 || name.len > NAME_MAX_BYTES ||
        utf8_valid_prefix(name.ptr, name.len) != name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (begins_with_control((const unsigned char *)name.ptr + i, name.len - i))
            return false;
    return true;
}
