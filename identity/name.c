/* SPDX-License-Identifier: Apache-2.0
 *
 * See name.h.
 */
#include "identity/name.h"

#include "base/utf8.h"

/* Of valid UTF-8: C0, DEL and C1; line and paragraph separators; what turns the direction or is not
 * seen: U+061C, U+200B to U+200F, U+202A to U+202E, U+2060 to U+206F, U+FEFF. */
static bool begins_with_control(const unsigned char *at, size_t len)
{
    if (at[0] < ' ' || at[0] == 0x7F)
        return true;
    if (len >= 2 && at[0] == 0xC2)
        return at[1] < 0xA0;
    if (len >= 2 && at[0] == 0xD8)
        return at[1] == 0x9C;
    if (len >= 3 && at[0] == 0xEF)
        return at[1] == 0xBB && at[2] == 0xBF;
    if (len < 3 || at[0] != 0xE2)
        return false;
    return (at[1] == 0x80 && at[2] >= 0x8B && at[2] <= 0x8F) ||
           (at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) ||
           (at[1] == 0x81 && at[2] >= 0xA0 && at[2] <= 0xAF);
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
