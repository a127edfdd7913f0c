/* SPDX-License-Identifier: Apache-2.0
 *
 * See name.h.
 */
#include "identity/name.h"

#include "base/utf8.h"

bool name_is_legal(struct str name)
{
    if (name.len < 1 || name.len > NAME_MAX_BYTES ||
        utf8_valid_prefix(name.ptr, name.len) != name.len)
        return false;
    for (size_t at = 0, len = 0; at < name.len; at += len)
        if (utf8_is_control(utf8_first(name.ptr + at, &len)))
            return false;
    return true;
}
