/* SPDX-License-Identifier: Apache-2.0
 *
 * See scan.h. The test of a word (Bit Twiddling Hacks, "determine if a word has a byte less than
 * n") never misses; it also strikes at control characters that are not wanted, so the bytes of a
 * word that struck are looked up one by one.
 */
#include "export/scan.h"

#include "base/word.h"

enum { FIRST_PRINTABLE = 0x20 };

void scan_init(struct scan *scan, char first, char second, struct str controls)
{
    *scan = (struct scan){.first = WORD_OF(first), .second = WORD_OF(second)};
    scan->is_special[(uint8_t)first] = true;
    scan->is_special[(uint8_t)second] = true;
    for (size_t i = 0; i < controls.len; i++)
        scan->is_special[(uint8_t)controls.ptr[i]] = true;
}

static bool may_hold_special(const struct scan *scan, uint64_t word)
{
    uint64_t first = word ^ scan->first;
    uint64_t second = word ^ scan->second;
    uint64_t strikes = ((word - WORD_OF(FIRST_PRINTABLE)) & ~word) |
                       ((first - WORD_OF(1)) & ~first) | ((second - WORD_OF(1)) & ~second);
    return (strikes & WORD_OF(0x80)) != 0;
}

/* The first special byte from `at` on; `end` if there is none before it. */
static size_t find_special(const struct scan *scan, struct str text, size_t at, size_t end)
{
    while (at < end && !scan->is_special[(uint8_t)text.ptr[at]])
        at++;
    return at;
}

size_t scan_plain(const struct scan *scan, struct str text)
{
    if (text.len < WORD_SIZE) {
        if (!text.len || !may_hold_special(scan, word_of_short(text.ptr, text.len)))
            return text.len;
        return find_special(scan, text, 0, text.len);
    }
    for (size_t at = 0; at < text.len; at += WORD_SIZE) {
        size_t last = text.len - WORD_SIZE; /* the last word may begin in the one before it */
        at = at < last ? at : last;
        if (!may_hold_special(scan, word_at(text.ptr + at)))
            continue;
        size_t found = find_special(scan, text, at, at + WORD_SIZE);
        if (found < at + WORD_SIZE)
            return found;
    }
    return text.len;
}
