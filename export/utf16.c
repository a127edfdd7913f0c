/* SPDX-License-Identifier: Apache-2.0
 *
 * See utf16.h. Runs of ASCII are widened eight bytes at a time; other characters are taken one by
 * one, and one that a write has cut waits for its rest.
 */
#include "export/utf16.h"

#include "base/mem.h"
#include "export/output.h"

#include <endian.h>

enum { MAX_SEQUENCE = 4, UNIT = 2, FIRST_NOT_ASCII = 0x80, FIRST_IN_PAIRS = 0x10000 };

#define HIGH_BITS UINT64_C(0x8080808080808080)

struct utf16 {
    struct sink sink;
    struct output out;
    uint8_t cut[MAX_SEQUENCE]; /* the beginning of a character that is not complete */
    size_t cut_len;
};

/* b3b2b1b0 becomes 0b3 0b2 0b1 0b0. */
static uint64_t widen(uint32_t four)
{
    uint64_t wide = four;
    wide = (wide | wide << 16) & UINT64_C(0x0000FFFF0000FFFF);
    return (wide | wide << 8) & UINT64_C(0x00FF00FF00FF00FF);
}

/* Widens the ASCII at the front of `in`, at most `len` bytes; returns how many there were. */
static size_t widen_ascii(const uint8_t *in, size_t len, char *out)
{
    size_t at = 0;
    uint64_t word = 0;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, in + at, sizeof word);
        if (word & HIGH_BITS)
            break;
        word = le64toh(word);
        uint64_t halves[] = {htole64(widen((uint32_t)word)),
                             htole64(widen((uint32_t)(word >> 32)))};
        memcpy(out + UNIT * at, halves, sizeof halves);
    }
    for (; at < len && in[at] < FIRST_NOT_ASCII; at++) {
        out[UNIT * at] = (char)in[at];
        out[UNIT * at + 1] = '\0';
    }
    return at;
}

static size_t add_ascii(struct utf16 *utf16, const uint8_t *in, size_t len)
{
    size_t room = 0;
    char *out = output_room(&utf16->out, &room); /* even, as all that is added */
    size_t most = room / UNIT < len ? room / UNIT : len;
    size_t taken = widen_ascii(in, most, out);
    output_commit(&utf16->out, UNIT * taken);
    return taken;
}

static void put_unit(char *out, uint32_t unit)
{
    out[0] = (char)(unit & 0xFF);
    out[1] = (char)(unit >> 8);
}

static void add_character(struct utf16 *utf16, uint32_t code)
{
    char units[2 * UNIT];
    if (code < FIRST_IN_PAIRS) {
        put_unit(units, code);
        output_add(&utf16->out, (struct str){units, UNIT});
        return;
    }
    code -= FIRST_IN_PAIRS;
    put_unit(units, 0xD800 + (code >> 10));
    put_unit(units + UNIT, 0xDC00 + (code & 0x3FF));
    output_add(&utf16->out, (struct str){units, 2 * UNIT});
}

static size_t sequence_length(uint8_t first)
{
    if (first < 0xE0)
        return first < FIRST_NOT_ASCII ? 1 : 2;
    return first < 0xF0 ? 3 : MAX_SEQUENCE;
}

static uint32_t decode(const uint8_t *sequence, size_t len)
{
    static const uint8_t bits_of_first[] = {[1] = 0x7F, [2] = 0x1F, [3] = 0x0F, [4] = 0x07};
    uint32_t code = sequence[0] & bits_of_first[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (sequence[i] & 0x3FU);
    return code;
}

/* Adds bytes to the character that was cut, and the character if it is whole then. */
static size_t add_to_cut(struct utf16 *utf16, const uint8_t *in, size_t len)
{
    size_t taken = 0;
    while (taken < len) {
        utf16->cut[utf16->cut_len++] = in[taken++];
        if (utf16->cut_len == sequence_length(utf16->cut[0])) {
            add_character(utf16, decode(utf16->cut, utf16->cut_len));
            utf16->cut_len = 0;
            break;
        }
    }
    return taken;
}

static size_t add_some(struct utf16 *utf16, const uint8_t *in, size_t len)
{
    if (utf16->cut_len)
        return add_to_cut(utf16, in, len);
    if (in[0] < FIRST_NOT_ASCII)
        return add_ascii(utf16, in, len);
    size_t needed = sequence_length(in[0]);
    if (needed > len)
        return add_to_cut(utf16, in, len);
    add_character(utf16, decode(in, needed));
    return needed;
}

static bool utf16_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct utf16 *utf16 = CONTAINER_OF(sink, struct utf16, sink);
    const uint8_t *in = bytes;
    for (size_t at = 0; at < len && !utf16->out.has_failed;)
        at += add_some(utf16, in + at, len - at);
    return output_check(&utf16->out, err);
}

struct utf16 *utf16_new(struct sink *next)
{
    struct utf16 *utf16 = mem_new(struct utf16);
    utf16->sink.write = utf16_write;
    output_init(&utf16->out, next);
    add_character(utf16, 0xFEFF); /* the byte order mark */
    return utf16;
}

struct sink *utf16_sink(struct utf16 *utf16)
{
    return &utf16->sink;
}

bool utf16_finish(struct utf16 *utf16, struct err *err)
{
    output_flush(&utf16->out);
    return output_check(&utf16->out, err);
}

void utf16_free(struct utf16 *utf16)
{
    if (!utf16)
        return;
    output_done(&utf16->out);
    free(utf16);
}
