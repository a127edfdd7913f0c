/* SPDX-License-Identifier: Apache-2.0
 *
 * See bearer.h.
 */
#include "identity/bearer.h"

#include <string.h>

bool bearer_refuse(struct err *err)
{
    return err_set(err, ERR_UNAUTHENTICATED,
                   "the bearer token is not valid here; get a fresh one from where it was issued");
}

/* A "token68" of RFC 9110; its padding is left to whoever reads the token. */
static bool is_token(struct str text)
{
    static const char marks[] = "-._~+/=";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_plain && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return text.len > 0 && text.len <= BEARER_MAX_BYTES;
}

bool bearer_read(struct str authorization, struct str *out, struct err *err)
{
    struct str token = authorization;
    struct str scheme;
    if (!str_next(&token, ' ', &scheme) || !str_equal_nocase(scheme, STR("Bearer")))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the authorization is of a kind that is not accepted here; send "
                       "\"authorization: Bearer TOKEN\", once");
    while (token.len && token.ptr[0] == ' ')
        token = (struct str){token.ptr + 1, token.len - 1};
    if (!is_token(token))
        return bearer_refuse(err);
    *out = token;
    return true;
}
