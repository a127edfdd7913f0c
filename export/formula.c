/* SPDX-License-Identifier: Apache-2.0
 *
 * See formula.h.
 */
#include "export/formula.h"

bool formula_is_suspected(struct str text)
{
    static const struct str full_width[] = {{"\xEF\xBC\x9D", 3},  /* ＝ */
                                            {"\xEF\xBC\x8B", 3},  /* ＋ */
                                            {"\xEF\xBC\x8D", 3},  /* － */
                                            {"\xEF\xBC\xA0", 3}}; /* ＠ */
    while (text.len && text.ptr[0] == ' ')
        text = (struct str){text.ptr + 1, text.len - 1};
    if (!text.len)
        return false;
    switch (text.ptr[0]) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r':
    case '\n':
        return true;
    case '\xEF':
        for (size_t i = 0; i < COUNT_OF(full_width); i++) {
            if (str_starts_with(text, full_width[i]))
                return true;
        }
        return false;
    default:
        return false;
    }
}
