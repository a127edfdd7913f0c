/* SPDX-License-Identifier: Apache-2.0
 *
 * Text looked at eight bytes at once, for questions whose answer does not depend on which byte is
 * where: is there one beyond ASCII, is there a quote?
 */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include "base/defs.h"

#include <string.h>

enum { WORD_SIZE = sizeof(uint64_t) };

/* A byte, eight times. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* The eight bytes at `text`. */
static inline uint64_t word_at(const char *text)
{
    uint64_t word = 0;
    memcpy(&word, text, sizeof word);
    return word;
}

/* A word of the bytes of a text shorter than one, each at least once, and of no others; `len` is
 * not 0. */
static inline uint64_t word_of_short(const char *text, size_t len)
{
    if (len >= sizeof(uint32_t)) {
        uint32_t first = 0;
        uint32_t last = 0;
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + len - sizeof last, sizeof last);
        return first | (uint64_t)last << 32;
    }
    uint64_t middle = (uint8_t)text[len / 2];
    uint64_t last = (uint8_t)text[len - 1];
    return (WORD_OF(text[0]) & ~UINT64_C(0xFFFF)) | middle << 8 | last;
}

#endif
