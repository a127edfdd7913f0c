/* SPDX-License-Identifier: Apache-2.0
 *
 * See type_header.h. The header is read line by line; what a line may say is one table.
 */
#include "export/type_header.h"

#include "base/utf8.h"

#include <stdarg.h>

enum { MAX_FILTERS = 100, SHOWN_BYTES = 60 };

/* What the header said of a column: a `column` line, a place in `not default:`, or both. */
struct seen_note {
    struct column_note note;
    bool has_column_line;
};

struct parser {
    struct str name;
    struct arena *arena;
    struct err *err;
    unsigned line;
    struct str title;
    bool is_shared;
    struct filter *filters;
    size_t filter_count;
    struct seen_note *notes;
    size_t note_count;
};

static bool fail(const struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);

static bool fail(const struct parser *parser, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)export_type_refuse_va(parser->name, parser->line, parser->err, format, values);
    va_end(values);
    return false;
}

/* As much of a text as a message should repeat. */
static struct str shown(struct str text)
{
    return utf8_cut(text, SHOWN_BYTES);
}

static bool check_name(const struct parser *parser, const char *what, struct str name)
{
    if (export_type_name_is_legal(name))
        return true;
    struct str part = shown(name);
    return fail(parser,
                "\"%.*s\" is no %s name: begin with a letter or _, go on with letters, digits and "
                "_, at most %d",
                STR_ARG(part), what, EXPORT_TYPE_MAX_NAME);
}

/* Takes the text up to the next blank off the front of *rest. */
static struct str take_word(struct str *rest)
{
    size_t at = 0;
    while (at < rest->len && rest->ptr[at] != ' ' && rest->ptr[at] != '\t')
        at++;
    struct str word = {rest->ptr, at};
    *rest = str_trim((struct str){rest->ptr + at, rest->len - at});
    return word;
}

static bool read_title(struct parser *parser, struct str rest)
{
    if (parser->title.len)
        return fail(parser, "a second title; one is enough");
    if (str_is_empty(rest))
        return fail(parser, "the title is empty; write \"-- title: Trades\"");
    parser->title = rest;
    return true;
}

static bool read_shared(struct parser *parser, struct str rest)
{
    if (rest.len)
        return fail(parser, "\"shared\" stands alone in its line");
    if (parser->is_shared)
        return fail(parser, "a second \"shared\"; one is enough");
    parser->is_shared = true;
    return true;
}

/* The note on a column, added if there is none yet. */
static struct seen_note *note_of(struct parser *parser, struct str name)
{
    for (size_t i = 0; i < parser->note_count; i++) {
        if (str_equal(parser->notes[i].note.name, name))
            return &parser->notes[i];
    }
    struct seen_note *seen = &parser->notes[parser->note_count++];
    *seen = (struct seen_note){
        .note = {.name = name, .type = COLUMN_ANY, .is_default = true, .line = parser->line}};
    return seen;
}

static bool read_column(struct parser *parser, struct str rest)
{
    struct str name = take_word(&rest);
    size_t colon = str_find(rest, ':');
    struct str type_name = str_trim((struct str){rest.ptr, colon});
    struct str title = {0};
    if (colon < rest.len)
        title = str_trim((struct str){rest.ptr + colon + 1, rest.len - colon - 1});
    if (!check_name(parser, "column", name))
        return false;
    enum column_type type = COLUMN_ANY;
    if (!column_type_parse(type_name, &type)) {
        struct str part = shown(type_name);
        return fail(parser,
                    "column %.*s: unknown type \"%.*s\"; known are text, integer, bigint, number, "
                    "decimal, boolean, date, timestamp, time, json, bytes, array, other and any",
                    STR_ARG(name), STR_ARG(part));
    }
    struct seen_note *seen = note_of(parser, name);
    if (seen->has_column_line)
        return fail(parser, "a second line for column %.*s", STR_ARG(name));
    seen->has_column_line = true;
    seen->note.title = title;
    seen->note.type = type;
    return true;
}

static bool read_not_default(struct parser *parser, struct str rest)
{
    if (str_is_empty(rest))
        return fail(parser, "no column named; write \"-- not default: notes, reason\"");
    for (struct str name; str_next(&rest, ',', &name);) {
        name = str_trim(name);
        if (!check_name(parser, "column", name))
            return false;
        struct seen_note *seen = note_of(parser, name);
        if (!seen->note.is_default)
            return fail(parser, "column %.*s is already not default", STR_ARG(name));
        seen->note.is_default = false;
    }
    return true;
}

/* The choices between the parentheses of enum(…). */
static bool read_choices(struct parser *parser, struct str list, struct filter *filter)
{
    size_t count = 1;
    for (size_t i = 0; i < list.len; i++)
        count += list.ptr[i] == ',';
    struct str *choices = arena_alloc_array(parser->arena, count, sizeof *choices);
    filter->choices = choices;
    for (struct str choice; str_next(&list, ',', &choice);) {
        choice = str_trim(choice);
        if (str_is_empty(choice)) {
            return fail(parser, "filter %.*s: an empty choice; write enum(OPEN, CLOSED)",
                        STR_ARG(filter->name));
        }
        for (size_t i = 0; i < filter->choice_count; i++) {
            if (str_equal(choices[i], choice)) {
                return fail(parser, "filter %.*s: the choice %.*s stands twice",
                            STR_ARG(filter->name), STR_ARG(choice));
            }
        }
        choices[filter->choice_count++] = choice;
    }
    return true;
}

/* Takes the type off the front of *rest, up to the colon, which goes too. */
static bool take_filter_type(struct parser *parser, struct str *rest, struct filter *filter)
{
    size_t close = str_starts_with(*rest, STR("enum(")) ? str_find(*rest, ')') : 0;
    struct str after = {rest->ptr + close, rest->len - close};
    size_t colon = close + str_find(after, ':');
    if (colon >= rest->len) {
        return fail(parser, "filter %.*s: write \"-- filter NAME TYPE: description\"",
                    STR_ARG(filter->name));
    }
    struct str name = str_trim((struct str){rest->ptr, colon});
    *rest = str_trim((struct str){rest->ptr + colon + 1, rest->len - colon - 1});
    if (close && name.len == close + 1) {
        filter->type = FILTER_ENUM;
        size_t open = STR("enum(").len;
        return read_choices(parser, (struct str){name.ptr + open, close - open}, filter);
    }
    if (str_equal(name, STR("enum"))) {
        return fail(parser, "filter %.*s: an enum needs its choices; write enum(OPEN, CLOSED)",
                    STR_ARG(filter->name));
    }
    for (int type = 0; type < FILTER_TYPE_COUNT; type++) {
        if (str_equal(name, str_of(filter_type_name((enum filter_type)type)))) {
            filter->type = (enum filter_type)type;
            return true;
        }
    }
    struct str part = shown(name);
    return fail(parser,
                "filter %.*s: unknown type \"%.*s\"; known are text, text[], integer, number, "
                "boolean, date, timestamp and enum(…)",
                STR_ARG(filter->name), STR_ARG(part));
}

static bool read_filter(struct parser *parser, struct str rest)
{
    struct filter filter = {.name = take_word(&rest), .line = parser->line};
    if (!check_name(parser, "filter", filter.name))
        return false;
    if (str_equal(filter.name, STR("owner")) || str_equal(filter.name, STR("limit"))) {
        return fail(parser, "a filter cannot be called %.*s: the name has a meaning of its own",
                    STR_ARG(filter.name));
    }
    for (size_t i = 0; i < parser->filter_count; i++) {
        if (str_equal(parser->filters[i].name, filter.name)) {
            return fail(parser, "a second filter %.*s; the first is in line %u",
                        STR_ARG(filter.name), parser->filters[i].line);
        }
    }
    if (parser->filter_count == MAX_FILTERS)
        return fail(parser, "more than %d filters", MAX_FILTERS);
    if (!take_filter_type(parser, &rest, &filter))
        return false;
    if (str_is_empty(rest)) {
        return fail(parser, "filter %.*s: no description; say after the colon what it does",
                    STR_ARG(filter.name));
    }
    filter.description = rest;
    parser->filters[parser->filter_count++] = filter;
    return true;
}

static const struct {
    const char *word;
    bool (*read)(struct parser *parser, struct str rest);
} directives[] = {
    {"title:", read_title},  {"column", read_column}, {"not default:", read_not_default},
    {"filter", read_filter}, {"shared", read_shared},
};

/* What stands behind the word at the front of a line; false if it is another word. */
static bool skip_word(struct str line, struct str word, struct str *out)
{
    if (!str_starts_with(line, word))
        return false;
    struct str rest = {line.ptr + word.len, line.len - word.len};
    bool is_whole =
        word.ptr[word.len - 1] == ':' || rest.len == 0 || rest.ptr[0] == ' ' || rest.ptr[0] == '\t';
    *out = str_trim(rest);
    return is_whole;
}

/* One line of the header, without blanks around it; `--` in front or empty. */
static bool read_line(struct parser *parser, struct str line)
{
    struct str text = line;
    if (text.len)
        text = (struct str){line.ptr + 2, line.len - 2};
    if (text.len && text.ptr[0] == '-')
        return true;
    text = str_trim(text);
    if (text.len == 0 || text.ptr[0] == '#')
        return true;
    for (size_t i = 0; i < COUNT_OF(directives); i++) {
        struct str rest;
        if (skip_word(text, str_of(directives[i].word), &rest))
            return directives[i].read(parser, rest);
    }
    struct str part = shown(text);
    return fail(parser,
                "\"%.*s\" is unknown here; the header knows title:, column, not default:, filter "
                "and shared, and takes a free comment as \"-- # …\"",
                STR_ARG(part));
}

static bool check_clashes(struct parser *parser)
{
    for (size_t i = 0; i < parser->filter_count; i++) {
        const struct filter *timed = &parser->filters[i];
        if (timed->type != FILTER_DATE && timed->type != FILTER_TIMESTAMP)
            continue;
        for (size_t k = 0; k < parser->filter_count; k++) {
            struct str name = parser->filters[k].name;
            if (name.len == timed->name.len + 4 && str_starts_with(name, timed->name) &&
                memcmp(name.ptr + timed->name.len, "_end", 4) == 0) {
                parser->line = parser->filters[k].line;
                return fail(parser, "filter %.*s: :%.*s is already the end of filter %.*s",
                            STR_ARG(name), STR_ARG(name), STR_ARG(timed->name));
            }
        }
    }
    return true;
}

/* Reads the header's lines; *rest is the text from the first line of SQL on. */
static bool read_lines(struct parser *parser, struct str *rest)
{
    while (rest->len) {
        size_t end = str_find(*rest, '\n');
        struct str line = str_trim((struct str){rest->ptr, end});
        if (line.len && !str_starts_with(line, STR("--")))
            break;
        if (!read_line(parser, line))
            return false;
        bool has_newline = end < rest->len;
        *rest = (struct str){rest->ptr + end + has_newline, rest->len - end - has_newline};
        parser->line += has_newline;
    }
    return true;
}

static struct column_note *plain_notes(const struct parser *parser)
{
    struct column_note *notes = arena_alloc_array(parser->arena, parser->note_count, sizeof *notes);
    for (size_t i = 0; i < parser->note_count; i++)
        notes[i] = parser->notes[i].note;
    return notes;
}

bool type_header_read(struct str name, struct str *text, struct arena *arena,
                      struct type_header *out, struct err *err)
{
    struct parser parser = {.name = name, .arena = arena, .err = err, .line = 1};
    parser.filters = arena_alloc_array(arena, MAX_FILTERS, sizeof *parser.filters);
    size_t most_notes = 1;
    for (size_t i = 0; i < text->len; i++)
        most_notes += text->ptr[i] == '\n' || text->ptr[i] == ',';
    parser.notes = arena_alloc_array(arena, most_notes, sizeof *parser.notes);
    if (!read_lines(&parser, text))
        return false;
    unsigned end_line = parser.line;
    if (!check_clashes(&parser))
        return false;
    if (str_is_empty(parser.title)) {
        parser.line = 1;
        return fail(&parser, "no title; write \"-- title: …\" in the header");
    }
    *out = (struct type_header){
        .title = parser.title,
        .is_shared = parser.is_shared,
        .filters = parser.filters,
        .filter_count = parser.filter_count,
        .notes = plain_notes(&parser),
        .note_count = parser.note_count,
        .end_line = end_line,
    };
    return true;
}
