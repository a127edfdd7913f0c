/* SPDX-License-Identifier: Apache-2.0
 *
 * See sheet_text.h. Most bytes are plain and are copied in runs.
 */
#include "export/sheet_text.h"

enum { ESCAPE_LEN = 7, CODE_DIGITS = 4, NONCHARACTER_LEN = 3 };

/* Bytes that need a look: markup, control characters but TAB and LF, `_`, and the first of U+FFFE
 * and U+FFFF. */
static const bool is_special[256] = {
    [1] = true,  [2] = true,   [3] = true,   [4] = true,   [5] = true,   [6] = true,    [7] = true,
    [8] = true,  [11] = true,  [12] = true,  [13] = true,  [14] = true,  [15] = true,   [16] = true,
    [17] = true, [18] = true,  [19] = true,  [20] = true,  [21] = true,  [22] = true,   [23] = true,
    [24] = true, [25] = true,  [26] = true,  [27] = true,  [28] = true,  [29] = true,   [30] = true,
    [31] = true, ['&'] = true, ['<'] = true, ['>'] = true, ['_'] = true, [0xEF] = true,
};

size_t sheet_text_units(struct str text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        units += (byte & 0xC0) != 0x80; /* a character begins */
        units += byte >= 0xF0;          /* a surrogate pair */
    }
    return units;
}

size_t sheet_text_width(struct str text)
{
    size_t longest = 0;
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        width = byte == '\n' ? 0 : width + ((byte & 0xC0) != 0x80);
        longest = width > longest ? width : longest;
    }
    return longest;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

bool sheet_text_has_outer_space(struct str text)
{
    return text.len && (is_space(text.ptr[0]) || is_space(text.ptr[text.len - 1]));
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* U+FFFE or U+FFFF at the front; 0: neither. */
static unsigned noncharacter(struct str text)
{
    if (str_starts_with(text, STR("\xEF\xBF\xBE")))
        return 0xFFFE;
    return str_starts_with(text, STR("\xEF\xBF\xBF")) ? 0xFFFF : 0;
}

/* Whether what is at the front is written with `_` first: as it is, or as an escape. */
static bool becomes_underscore(struct str text)
{
    unsigned char byte = (unsigned char)text.ptr[0];
    return byte == '_' || (byte < ' ' && is_special[byte]) || noncharacter(text);
}

/* "_x0041_…" */
static bool begins_like_escape(struct str text)
{
    enum { LAST = ESCAPE_LEN - 1 };
    if (text.len < ESCAPE_LEN || text.ptr[1] != 'x' ||
        !becomes_underscore((struct str){text.ptr + LAST, text.len - LAST}))
        return false;
    for (size_t i = 2; i < 2 + CODE_DIGITS; i++)
        if (!is_hex(text.ptr[i]))
            return false;
    return true;
}

static void put_escape(struct output *output, unsigned code)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = output_reserve(output, ESCAPE_LEN);
    out[0] = '_';
    out[1] = 'x';
    for (unsigned i = 0; i < CODE_DIGITS; i++)
        out[2 + i] = digits[code >> (4 * (CODE_DIGITS - 1 - i)) & 0xF];
    out[ESCAPE_LEN - 1] = '_';
    output_commit(output, ESCAPE_LEN);
}

/* Writes what is at the front of a text whose first byte is special; gives its length. */
static size_t put_special(struct output *output, struct str text)
{
    unsigned code = (unsigned char)text.ptr[0];
    switch (code) {
    case '&':
        output_add(output, STR("&amp;"));
        return 1;
    case '<':
        output_add(output, STR("&lt;"));
        return 1;
    case '>':
        output_add(output, STR("&gt;"));
        return 1;
    case '_':
        output_add(output, begins_like_escape(text) ? STR("_x005F_") : STR("_"));
        return 1;
    case 0xEF:
        code = noncharacter(text);
        if (!code) {
            output_add(output, (struct str){text.ptr, NONCHARACTER_LEN});
            return NONCHARACTER_LEN;
        }
        put_escape(output, code);
        return NONCHARACTER_LEN;
    default:
        put_escape(output, code);
        return 1;
    }
}

void sheet_text_put(struct output *output, struct str text)
{
    while (text.len) {
        size_t plain = 0;
        while (plain < text.len && !is_special[(unsigned char)text.ptr[plain]])
            plain++;
        output_add(output, (struct str){text.ptr, plain});
        text = (struct str){text.ptr + plain, text.len - plain};
        if (!text.len)
            break;
        size_t taken = put_special(output, text);
        text = (struct str){text.ptr + taken, text.len - taken};
    }
}
