/* SPDX-License-Identifier: Apache-2.0
 *
 * See identity.h.
 */
#include "identity/identity.h"

#include "base/utf8.h"

static bool has_control_character(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7F)
            return true;
    return false;
}

static bool is_name(struct str text)
{
    return text.len <= IDENTITY_OWNER_MAX_BYTES && !has_control_character(text) &&
           utf8_valid_prefix(text.ptr, text.len) == text.len;
}

bool identity_of(const struct credentials *credentials, struct arena *arena, struct caller *out,
                 struct err *err)
{
    (void)arena;
    struct str owner = credentials->user;
    if (str_is_empty(owner))
        owner = STR(IDENTITY_DEFAULT_OWNER);
    if (credentials->user_count > 1 || !is_name(owner))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "x-exportq-user must be one name of 1 to %d bytes of printable UTF-8",
                       IDENTITY_OWNER_MAX_BYTES);
    *out = (struct caller){.owner = owner, .address = credentials->address};
    return true;
}
