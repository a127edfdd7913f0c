/* SPDX-License-Identifier: Apache-2.0
 *
 * See source_pg_sql.h. The rules are those of PostgreSQL's lexer (documentation, 4.1), with
 * standard_conforming_strings on, as the driver sets it.
 */
#include "export/source_pg_sql.h"

#include <ctype.h>

/* What the scanner remembers of the token before. */
enum last_token { LAST_OTHER, LAST_OPERAND };

struct scanner {
    struct pg_sql *sql;
    const char *text; /* NUL-terminated, or read up to len */
    size_t len;
    size_t at;
    enum last_token last;
    uint64_t brackets; /* what is open, innermost in the lowest bit: 1 for '[', 0 for '(' */
    bool has_ended;    /* behind the semicolon */
};

static char peek(const struct scanner *scanner, size_t ahead)
{
    size_t at = scanner->at + ahead;
    return at < scanner->len ? scanner->text[at] : '\0';
}

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
    return is_name_start(c) || isdigit((unsigned char)c) || c == '$';
}

/* To behind the next `end`, or to the end of the text. */
static void skip_past(struct scanner *scanner, struct str end)
{
    const char *found =
        memmem(scanner->text + scanner->at, scanner->len - scanner->at, end.ptr, end.len);
    scanner->at = found ? (size_t)(found - scanner->text) + end.len : scanner->len;
}

static void skip_nested_comment(struct scanner *scanner)
{
    unsigned depth = 0;
    do {
        if (peek(scanner, 0) == '/' && peek(scanner, 1) == '*') {
            depth++;
            scanner->at += 2;
        } else if (peek(scanner, 0) == '*' && peek(scanner, 1) == '/') {
            depth--;
            scanner->at += 2;
        } else {
            scanner->at++;
        }
    } while (depth && scanner->at < scanner->len);
}

static bool skip_blank(struct scanner *scanner)
{
    if (isspace((unsigned char)peek(scanner, 0))) {
        scanner->at++;
    } else if (peek(scanner, 0) == '-' && peek(scanner, 1) == '-') {
        skip_past(scanner, STR("\n"));
    } else if (peek(scanner, 0) == '/' && peek(scanner, 1) == '*') {
        skip_nested_comment(scanner);
    } else {
        return false;
    }
    return true;
}

/* A string or a quoted name. Without backslashes a doubled quote is two of them side by side, which
 * does no harm. */
static void skip_quoted(struct scanner *scanner, char quote, bool has_backslashes)
{
    for (scanner->at++; scanner->at < scanner->len; scanner->at++) {
        char c = peek(scanner, 0);
        bool is_pair = c == '\\' || (c == quote && peek(scanner, 1) == quote);
        if (is_pair && has_backslashes) {
            scanner->at++;
        } else if (c == quote) {
            break;
        }
    }
    scanner->at = scanner->at < scanner->len ? scanner->at + 1 : scanner->len;
}

/* $$ or $tag$: the length of the opening; 0 if it is none. */
static size_t dollar_tag(const struct scanner *scanner)
{
    size_t len = 1;
    if (is_name_start(peek(scanner, 1))) {
        while (is_name_char(peek(scanner, len)) && peek(scanner, len) != '$')
            len++;
    }
    return peek(scanner, len) == '$' ? len + 1 : 0;
}

static void take_dollar(struct scanner *scanner)
{
    size_t len = dollar_tag(scanner);
    if (len) {
        struct str tag = {scanner->text + scanner->at, len};
        scanner->at += len;
        skip_past(scanner, tag);
    } else {
        if (isdigit((unsigned char)peek(scanner, 1)) && scanner->sql->numbered == scanner->len)
            scanner->sql->numbered = scanner->at;
        scanner->at++;
    }
    scanner->last = LAST_OPERAND;
}

/* A name, a keyword or a number, and E'…', whose letter is a part of it. A keyword that an operand
 * follows (`AND :a`) makes no difference outside of brackets; in them it hardly comes before a
 * parameter. */
static void take_word(struct scanner *scanner)
{
    size_t begin = scanner->at;
    while (is_name_char(peek(scanner, 0)))
        scanner->at++;
    bool is_escape = scanner->at == begin + 1 && (scanner->text[begin] | 0x20) == 'e';
    if (is_escape && peek(scanner, 0) == '\'')
        skip_quoted(scanner, '\'', true);
    scanner->last = LAST_OPERAND;
}

static void take_bracket(struct scanner *scanner, char c)
{
    if (c == '(' || c == '[') {
        scanner->brackets = scanner->brackets << 1 | (c == '[');
        scanner->last = LAST_OTHER;
    } else {
        scanner->brackets >>= 1;
        scanner->last = LAST_OPERAND;
    }
    scanner->at++;
}

/* Parameters have plain names, as filters do. */
static size_t parameter_length(const struct scanner *scanner)
{
    char c = peek(scanner, 1);
    if (!isalpha((unsigned char)c) && c != '_')
        return 0;
    size_t len = 1;
    while (isalnum((unsigned char)c) || c == '_')
        c = peek(scanner, ++len);
    return len;
}

static void take_colon(struct scanner *scanner)
{
    if (peek(scanner, 1) == ':' || peek(scanner, 1) == '=') {
        scanner->at += 2;
        scanner->last = LAST_OTHER;
        return;
    }
    bool is_slice = (scanner->brackets & 1) && scanner->last == LAST_OPERAND;
    size_t len = is_slice ? 0 : parameter_length(scanner);
    if (len == 0) {
        scanner->at++;
        scanner->last = LAST_OTHER;
        return;
    }
    struct pg_sql *sql = scanner->sql;
    sql->holes[sql->hole_count++] =
        (struct pg_hole){.begin = scanner->at, .end = scanner->at + len};
    scanner->at += len;
    scanner->last = LAST_OPERAND;
}

static void take_token(struct scanner *scanner)
{
    char c = peek(scanner, 0);
    if (is_name_char(c) && c != '$') {
        take_word(scanner);
        return;
    }
    switch (c) {
    case '\'':
    case '"':
        skip_quoted(scanner, c, false);
        scanner->last = LAST_OPERAND;
        break;
    case '$':
        take_dollar(scanner);
        break;
    case '(':
    case '[':
    case ')':
    case ']':
        take_bracket(scanner, c);
        break;
    case ':':
        take_colon(scanner);
        break;
    default:
        scanner->at++;
        scanner->last = LAST_OTHER;
        break;
    }
}

static size_t count_colons(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ':';
    return count;
}

void pg_sql_scan(struct str text, struct arena *arena, struct pg_sql *out)
{
    *out = (struct pg_sql){
        .text = text, .body = text, .first = text.len, .tail = text.len, .numbered = text.len};
    out->holes = arena_alloc_array(arena, count_colons(text), sizeof *out->holes);
    struct scanner scanner = {.sql = out, .text = text.ptr, .len = text.len};
    while (scanner.at < scanner.len) {
        if (skip_blank(&scanner))
            continue;
        if (scanner.has_ended) {
            out->tail = scanner.at;
            return;
        }
        if (out->first == text.len)
            out->first = scanner.at;
        if (peek(&scanner, 0) == ';') {
            out->body.len = scanner.at;
            scanner.has_ended = true;
        }
        take_token(&scanner);
    }
}

struct str pg_sql_name(const struct pg_sql *sql, const struct pg_hole *hole)
{
    return (struct str){sql->text.ptr + hole->begin + 1, hole->end - hole->begin - 1};
}

/* Text between holes, and $n in them: after a blank where it would become a part of a name. */
static void print_hole(const struct pg_sql *sql, const struct pg_hole *hole, struct buf *out)
{
    bool is_joined = hole->begin > 0 && is_name_char(sql->text.ptr[hole->begin - 1]);
    buf_printf(out, "%s$%zu", is_joined ? " " : "", hole->slot + 1);
}

/* `located`: the holes of the same SQL again, to be told where they come to lie; or NULL. */
static void print(const struct pg_sql *sql, struct pg_hole *located, struct buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < sql->hole_count; i++) {
        const struct pg_hole *hole = &sql->holes[i];
        buf_add(out, sql->text.ptr + at, hole->begin - at);
        size_t place = out->len;
        print_hole(sql, hole, out);
        at = hole->end;
        if (located) {
            located[i].place = place;
            located[i].width = out->len - place;
        }
    }
    buf_add(out, sql->body.ptr + at, sql->body.len - at);
}

void pg_sql_print(const struct pg_sql *sql, struct buf *out)
{
    print(sql, NULL, out);
}

void pg_sql_locate(struct pg_sql *sql, struct str before, struct buf *out)
{
    sql->before = before.len;
    buf_add_str(out, before);
    print(sql, sql->holes, out);
}

/* The offset of the position-th character. */
static size_t byte_of(struct str text, int position)
{
    size_t at = 0;
    for (int left = position; at < text.len; at++) {
        bool begins = ((unsigned char)text.ptr[at] & 0xC0) != 0x80;
        if (begins && --left == 0)
            break;
    }
    return at;
}

size_t pg_sql_find(const struct pg_sql *sql, struct str printed, int position,
                   struct pg_hole **out_hole)
{
    size_t at = byte_of(printed, position);
    *out_hole = NULL;
    size_t offset = at > sql->before ? at - sql->before : 0;
    for (size_t i = 0; i < sql->hole_count; i++) {
        struct pg_hole *hole = &sql->holes[i];
        if (at < hole->place)
            break;
        *out_hole = at < hole->place + hole->width ? hole : NULL;
        offset = *out_hole ? hole->begin : hole->end + (at - hole->place - hole->width);
    }
    return offset < sql->text.len ? offset : sql->text.len;
}
