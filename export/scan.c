/* SPDX-License-Identifier: Apache-2.0
 *
 * See scan.h. The test of a word (Bit Twiddling Hacks, "determine if a word has a byte less than
 * n") never misses; it also strikes at control characters that are not wanted, so the bytes of a
 * word that struck are looked up one by one.
 */
#include "export/scan.h"

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (uint8_t)(b))

enum { FIRST_PRINTABLE = 0x20 };

void scan_init(struct scan *scan, char first, char second, struct str controls)
{
    *scan = (struct scan){.first = EACH_BYTE(first), .second = EACH_BYTE(second)};
    scan->is_special[(uint8_t)first] = true;
    scan->is_special[(uint8_t)second] = true;
    for (size_t i = 0; i < controls.len; i++)
        scan->is_special[(uint8_t)controls.ptr[i]] = true;
}

static bool may_hold_special(const struct scan *scan, uint64_t word)
{
    uint64_t first = word ^ scan->first;
    uint64_t second = word ^ scan->second;
    uint64_t strikes = ((word - EACH_BYTE(FIRST_PRINTABLE)) & ~word) |
                       ((first - EACH_BYTE(1)) & ~first) | ((second - EACH_BYTE(1)) & ~second);
    return (strikes & EACH_BYTE(0x80)) != 0;
}

size_t scan_plain(const struct scan *scan, struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t word = 0;
        size_t end = at + sizeof word;
        if (end > text.len) {
            end = text.len;
        } else {
            memcpy(&word, text.ptr + at, sizeof word);
            if (!may_hold_special(scan, word)) {
                at = end;
                continue;
            }
        }
        for (; at < end; at++) {
            if (scan->is_special[(uint8_t)text.ptr[at]])
                return at;
        }
    }
    return text.len;
}
