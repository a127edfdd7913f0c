/* SPDX-License-Identifier: Apache-2.0
 *
 * See array.h. What may come next follows from the last token alone.
 */
#include "export/array.h"

static void skip(struct str *text, size_t len)
{
    *text = (struct str){text->ptr + len, text->len - len};
}

static bool begins_with(struct str text, char c)
{
    return text.len && text.ptr[0] == c;
}

/* Passes over bounds, "[1:3][-1:0]=". Where they are not what they should be, whatever is left is
 * no array either. */
static struct str without_bounds(struct str text)
{
    if (!begins_with(text, '['))
        return text;
    size_t end = str_find(text, '=');
    for (size_t i = 0; i < end; i++) {
        char c = text.ptr[i];
        bool is_of_bounds = (c >= '0' && c <= '9') || str_find(STR("[]:-+"), c) < 5;
        if (!is_of_bounds)
            return text;
    }
    if (end < text.len)
        skip(&text, end + 1);
    return text;
}

struct array_reader array_read(struct str text, char delimiter)
{
    return (struct array_reader){
        .rest = without_bounds(text), .delimiter = delimiter, .last = ARRAY_BETWEEN};
}

/* Behind the opening quote. */
static enum array_token take_quoted(struct array_reader *reader, struct array_element *out)
{
    struct str text = reader->rest;
    struct array_element element = {.text = {text.ptr, 0}};
    size_t at = 0;
    while (at < text.len && text.ptr[at] != '"') {
        bool is_escape = text.ptr[at] == '\\';
        element.has_escapes |= is_escape;
        at += is_escape ? 2 : 1;
    }
    if (at >= text.len)
        return ARRAY_WRONG;
    element.text.len = at;
    skip(&reader->rest, at + 1);
    *out = element;
    return ARRAY_ELEMENT;
}

/* An element without quotes has none of the characters that call for them. */
static enum array_token take_bare(struct array_reader *reader, struct array_element *out)
{
    struct str text = reader->rest;
    size_t len = 0;
    for (; len < text.len; len++) {
        char c = text.ptr[len];
        if (c == reader->delimiter || c == '}')
            break;
        if (c == '{' || c == '"' || c == '\\')
            return ARRAY_WRONG;
    }
    if (!len)
        return ARRAY_WRONG;
    text.len = len;
    skip(&reader->rest, len);
    if (str_equal(text, STR("NULL")))
        return ARRAY_NULL;
    *out = (struct array_element){.text = text};
    return ARRAY_ELEMENT;
}

static enum array_token take_open(struct array_reader *reader)
{
    if (!begins_with(reader->rest, '{') || reader->depth == ARRAY_MAX_DIMENSIONS)
        return ARRAY_WRONG;
    reader->depth++;
    skip(&reader->rest, 1);
    return ARRAY_OPEN;
}

static enum array_token take_close(struct array_reader *reader)
{
    reader->depth--;
    skip(&reader->rest, 1);
    return ARRAY_CLOSE;
}

static enum array_token take_element(struct array_reader *reader, struct array_element *out)
{
    if (!reader->depth || begins_with(reader->rest, '{'))
        return take_open(reader);
    if (!begins_with(reader->rest, '"'))
        return take_bare(reader, out);
    skip(&reader->rest, 1);
    return take_quoted(reader, out);
}

/* Behind an element, or an array. */
static enum array_token take_separator(struct array_reader *reader)
{
    if (!reader->depth)
        return reader->rest.len ? ARRAY_WRONG : ARRAY_END;
    if (begins_with(reader->rest, '}'))
        return take_close(reader);
    if (!begins_with(reader->rest, reader->delimiter))
        return ARRAY_WRONG;
    skip(&reader->rest, 1);
    return ARRAY_BETWEEN;
}

static enum array_token take_token(struct array_reader *reader, struct array_element *out)
{
    switch (reader->last) {
    case ARRAY_OPEN:
        if (begins_with(reader->rest, '}'))
            return take_close(reader);
        return take_element(reader, out);
    case ARRAY_BETWEEN:
        return take_element(reader, out);
    case ARRAY_CLOSE:
    case ARRAY_NULL:
    case ARRAY_ELEMENT:
        return take_separator(reader);
    case ARRAY_END:
    case ARRAY_WRONG:
        break;
    }
    return reader->last;
}

enum array_token array_next(struct array_reader *reader, struct array_element *out)
{
    reader->last = take_token(reader, out);
    return reader->last;
}

bool array_is_whole(struct str text, char delimiter)
{
    struct array_reader reader = array_read(text, delimiter);
    struct array_element element;
    enum array_token token = ARRAY_OPEN;
    do {
        token = array_next(&reader, &element);
    } while (token != ARRAY_END && token != ARRAY_WRONG);
    return token == ARRAY_END;
}

bool array_next_piece(struct str *rest, struct str *out)
{
    if (!rest->len)
        return false;
    size_t from = rest->ptr[0] == '\\' ? 1 : 0;
    size_t len = from + (rest->len > from ? 1 : 0); /* what is escaped is no escape */
    len += str_find((struct str){rest->ptr + len, rest->len - len}, '\\');
    *out = (struct str){rest->ptr + from, len - from};
    skip(rest, len);
    return true;
}
