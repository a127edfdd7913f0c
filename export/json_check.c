/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_check.h. A scanner with one bit per open bracket instead of recursion, so that a hostile
 * value cannot take the stack.
 */
#include "export/json_check.h"

enum { BITS_PER_BYTE = 8 };

struct scanner {
    const char *at;
    const char *end;
    size_t depth;
    uint8_t is_object[JSON_MAX_DEPTH / BITS_PER_BYTE]; /* a bit per level */
};

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\n' ||
                                          *scanner->at == '\r' || *scanner->at == '\t'))
        scanner->at++;
}

static bool take(struct scanner *scanner, char c)
{
    if (scanner->at == scanner->end || *scanner->at != c)
        return false;
    scanner->at++;
    return true;
}

static bool take_word(struct scanner *scanner, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < len || memcmp(scanner->at, word, len) != 0)
        return false;
    scanner->at += len;
    return true;
}

static bool take_digits(struct scanner *scanner)
{
    const char *begin = scanner->at;
    while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
        scanner->at++;
    return scanner->at > begin;
}

static bool take_number(struct scanner *scanner)
{
    (void)take(scanner, '-');
    if (!take(scanner, '0') && !take_digits(scanner))
        return false;
    if (take(scanner, '.') && !take_digits(scanner))
        return false;
    if (!take(scanner, 'e') && !take(scanner, 'E'))
        return true;
    if (!take(scanner, '+'))
        (void)take(scanner, '-');
    return take_digits(scanner);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* What follows a backslash. */
static bool take_escape(struct scanner *scanner)
{
    if (scanner->at == scanner->end)
        return false;
    char c = *scanner->at++;
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c) != NULL;
    for (int i = 0; i < 4; i++) {
        if (scanner->at == scanner->end || !is_hex(*scanner->at++))
            return false;
    }
    return true;
}

static bool take_string(struct scanner *scanner)
{
    if (!take(scanner, '"'))
        return false;
    while (scanner->at < scanner->end) {
        unsigned char c = (unsigned char)*scanner->at++;
        if (c == '"')
            return true;
        if (c < ' ' || (c == '\\' && !take_escape(scanner)))
            return false;
    }
    return false;
}

static bool take_scalar(struct scanner *scanner)
{
    if (scanner->at == scanner->end)
        return false;
    switch (*scanner->at) {
    case '"':
        return take_string(scanner);
    case 't':
        return take_word(scanner, "true");
    case 'f':
        return take_word(scanner, "false");
    case 'n':
        return take_word(scanner, "null");
    default:
        return take_number(scanner);
    }
}

static bool is_in_object(const struct scanner *scanner)
{
    size_t level = scanner->depth - 1;
    return (scanner->is_object[level / BITS_PER_BYTE] & BIT(level % BITS_PER_BYTE)) != 0;
}

static bool open_level(struct scanner *scanner, bool is_object)
{
    if (scanner->depth == JSON_MAX_DEPTH)
        return false;
    uint8_t bit = (uint8_t)BIT(scanner->depth % BITS_PER_BYTE);
    uint8_t *bits = &scanner->is_object[scanner->depth++ / BITS_PER_BYTE];
    *bits = (uint8_t)(is_object ? *bits | bit : *bits & ~bit);
    return true;
}

/* The key and colon in front of an object's value. */
static bool take_key(struct scanner *scanner)
{
    skip_blanks(scanner);
    if (!take_string(scanner))
        return false;
    skip_blanks(scanner);
    return take(scanner, ':');
}

/* Up to and with the next whole scalar or empty bracket. */
static bool take_down(struct scanner *scanner)
{
    for (;;) {
        skip_blanks(scanner);
        bool is_object = take(scanner, '{');
        if (!is_object && !take(scanner, '['))
            return take_scalar(scanner);
        skip_blanks(scanner);
        if (take(scanner, is_object ? '}' : ']'))
            return true;
        if (!open_level(scanner, is_object) || (is_object && !take_key(scanner)))
            return false;
    }
}

bool json_is_valid(struct str text)
{
    if (text.len == 0)
        return false; /* its pointer may be NULL */
    struct scanner scanner = {.at = text.ptr, .end = text.ptr + text.len};
    if (!take_down(&scanner))
        return false;
    for (;;) {
        skip_blanks(&scanner);
        if (scanner.depth == 0)
            return scanner.at == scanner.end;
        bool is_object = is_in_object(&scanner);
        if (take(&scanner, is_object ? '}' : ']')) {
            scanner.depth--;
            continue;
        }
        if (!take(&scanner, ',') || (is_object && !take_key(&scanner)) || !take_down(&scanner))
            return false;
    }
}
