/* SPDX-License-Identifier: Apache-2.0
 *
 * See utf8.h. Plain ASCII, most of what passes, is looked at eight bytes at a time.
 */
#include "base/utf8.h"

#include "base/word.h"

enum { CONTINUATION_LOW = 0x80, CONTINUATION_HIGH = 0xBF };

/* What may follow a lead byte (Unicode standard, table 3-7): how many bytes, and the narrower range
 * of the first of them. length 0: no lead byte. */
struct lead {
    unsigned length;
    unsigned char low;
    unsigned char high;
};

static struct lead lead_of(unsigned char c)
{
    if (c >= 0xC2 && c <= 0xDF)
        return (struct lead){2, CONTINUATION_LOW, CONTINUATION_HIGH};
    if (c == 0xE0)
        return (struct lead){3, 0xA0, CONTINUATION_HIGH};
    if (c == 0xED)
        return (struct lead){3, CONTINUATION_LOW, 0x9F};
    if (c >= 0xE1 && c <= 0xEF)
        return (struct lead){3, CONTINUATION_LOW, CONTINUATION_HIGH};
    if (c == 0xF0)
        return (struct lead){4, 0x90, CONTINUATION_HIGH};
    if (c >= 0xF1 && c <= 0xF3)
        return (struct lead){4, CONTINUATION_LOW, CONTINUATION_HIGH};
    if (c == 0xF4)
        return (struct lead){4, CONTINUATION_LOW, 0x8F};
    return (struct lead){0, 0, 0};
}

/* How many bytes of the sequence at the front are as they should be; *is_whole says if that is all.
 */
static size_t sequence_length(const unsigned char *text, size_t len, bool *is_whole)
{
    struct lead lead = lead_of(text[0]);
    *is_whole = false;
    if (lead.length == 0)
        return 1;
    size_t at = 1;
    for (; at < lead.length && at < len; at++) {
        unsigned char low = at == 1 ? lead.low : CONTINUATION_LOW;
        unsigned char high = at == 1 ? lead.high : CONTINUATION_HIGH;
        if (text[at] < low || text[at] > high)
            return at;
    }
    *is_whole = at == lead.length;
    return at;
}

static bool is_ascii(uint64_t word)
{
    return (word & WORD_OF(0x80)) == 0;
}

/* How many bytes at the front are ASCII: all, or some of them, in whole words. */
static size_t ascii_prefix(const char *text, size_t len)
{
    if (len < WORD_SIZE)
        return len && is_ascii(word_of_short(text, len)) ? len : 0;
    size_t at = 0;
    while (len - at >= WORD_SIZE && is_ascii(word_at(text + at)))
        at += WORD_SIZE;
    bool is_rest = len - at < WORD_SIZE && is_ascii(word_at(text + len - WORD_SIZE));
    return is_rest ? len : at;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = ascii_prefix(text, len);
    while (at < len) {
        if (len - at >= WORD_SIZE && is_ascii(word_at(text + at))) {
            at += WORD_SIZE;
            continue;
        }
        if (bytes[at] < 0x80) {
            at++;
            continue;
        }
        bool is_whole = false;
        size_t length = sequence_length(bytes + at, len - at, &is_whole);
        if (!is_whole)
            return at;
        at += length;
    }
    return len;
}

unsigned utf8_first(const char *text, size_t *out_len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned length = bytes[0] < 0x80 ? 1 : lead_of(bytes[0]).length;
    unsigned character = length == 1 ? bytes[0] : bytes[0] & (0xFFU >> (length + 1));
    for (unsigned i = 1; i < length; i++)
        character = character << 6U | (bytes[i] & 0x3FU);
    *out_len = length;
    return character;
}

bool utf8_is_control(unsigned character)
{
    static const struct {
        unsigned first;
        unsigned last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F}, /* C0, DEL and C1 */
        {0x061C, 0x061C},               /* direction */
        {0x200B, 0x200F},               /* not seen, and direction */
        {0x2028, 0x202E},               /* ends of lines and paragraphs, and direction */
        {0x2060, 0x206F},               /* not seen, and direction */
        {0xFEFF, 0xFEFF},               /* not seen */
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

size_t utf8_invalid_length(const char *text, size_t len)
{
    bool is_whole = false;
    return sequence_length((const unsigned char *)text, len, &is_whole);
}

struct str utf8_cut(struct str text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    return (struct str){text.ptr, len ? utf8_valid_prefix(text.ptr, len) : 0};
}
