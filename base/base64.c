/* SPDX-License-Identifier: Apache-2.0
 *
 * See base64.h.
 */
#include "base/base64.h"

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BITS_PER_DIGIT = 6, BITS_PER_BYTE = 8, DIGITS = 64 };

static void encode(const void *bytes, size_t len, const char *alphabet, struct buf *out)
{
    const uint8_t *in = bytes;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << BITS_PER_BYTE | in[i];
        count += BITS_PER_BYTE;
        while (count >= BITS_PER_DIGIT) {
            count -= BITS_PER_DIGIT;
            buf_add_char(out, alphabet[bits >> count & (DIGITS - 1)]);
        }
    }
    if (count)
        buf_add_char(out, alphabet[bits << (BITS_PER_DIGIT - count) & (DIGITS - 1)]);
}

void base64url_encode(const void *bytes, size_t len, struct buf *out)
{
    encode(bytes, len, url_alphabet, out);
}

void base64_encode(const void *bytes, size_t len, struct buf *out)
{
    encode(bytes, len, standard_alphabet, out);
    for (size_t i = len; i % 3; i++)
        buf_add_char(out, '=');
}

static bool decode(struct str text, const char *alphabet, struct buf *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = memchr(alphabet, text.ptr[i], DIGITS);
        if (!digit)
            return false;
        bits = bits << BITS_PER_DIGIT | (uint32_t)(digit - alphabet);
        count += BITS_PER_DIGIT;
        if (count >= BITS_PER_BYTE) {
            count -= BITS_PER_BYTE;
            buf_add_char(out, (char)(bits >> count & 0xFF));
        }
    }
    bool has_stray_bits = (bits & ((1U << count) - 1)) != 0;
    return count < BITS_PER_DIGIT && !has_stray_bits && buf_is_ok(out);
}

bool base64url_decode(struct str text, struct buf *out)
{
    return decode(text, url_alphabet, out);
}

bool base64_decode(struct str text, struct buf *out)
{
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    return decode(text, standard_alphabet, out);
}
