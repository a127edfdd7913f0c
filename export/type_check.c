/* SPDX-License-Identifier: Apache-2.0
 *
 * See type_check.h.
 */
#include "export/type_check.h"

#include "base/utf8.h"

#include <ctype.h>

static const char end_suffix[] = "_end";
enum { END_SUFFIX_LEN = sizeof end_suffix - 1 };

static bool is_time(const struct filter *filter)
{
    return filter->type == FILTER_DATE || filter->type == FILTER_TIMESTAMP;
}

/* NAME of NAME_end; the empty text if the name does not end so. */
static struct str without_end(struct str name)
{
    if (name.len <= END_SUFFIX_LEN ||
        memcmp(name.ptr + name.len - END_SUFFIX_LEN, end_suffix, END_SUFFIX_LEN) != 0)
        return (struct str){0};
    return (struct str){name.ptr, name.len - END_SUFFIX_LEN};
}

enum parameter_kind parameter_find(const struct export_type *type, struct str name, size_t *filter)
{
    if (str_equal(name, STR("owner")))
        return PARAMETER_OWNER;
    struct str begun = without_end(name);
    for (size_t i = 0; i < type->filter_count; i++) {
        struct str wanted = type->filters[i].name;
        *filter = i;
        if (str_equal(name, wanted))
            return PARAMETER_FILTER;
        if (is_time(&type->filters[i]) && str_equal(begun, wanted))
            return PARAMETER_FILTER_END;
    }
    return PARAMETER_UNKNOWN;
}

bool parameter_refuse(const struct export_type *type, struct str name, unsigned line,
                      struct err *err)
{
    if (export_type_filter(type, without_end(name))) {
        return export_type_refuse(type->name, line, err,
                                  "parameter :%.*s: only filters of type date and timestamp have "
                                  "an end",
                                  STR_ARG(name));
    }
    return export_type_refuse(type->name, line, err,
                              "parameter :%.*s is neither :owner nor a filter; declare it in the "
                              "header: \"-- filter %.*s text: …\"",
                              STR_ARG(name), STR_ARG(name));
}

bool parameter_refuse_nameless(const struct export_type *type, unsigned line, struct err *err)
{
    return export_type_refuse(type->name, line, err,
                              "a parameter without a name; write :owner or :FILTER");
}

bool type_check_uses(const struct export_type *type, bool has_owner, const bool *is_used,
                     struct err *err)
{
    if (!has_owner && !type->is_shared) {
        return export_type_refuse(type->name, type->sql_line, err,
                                  "the SELECT does not use :owner, so everybody would get every "
                                  "row; add it, or \"-- shared\" to the header if that is meant");
    }
    for (size_t i = 0; i < type->filter_count; i++) {
        if (!is_used[i]) {
            return export_type_refuse(type->name, type->filters[i].line, err,
                                      "filter %.*s is not used; the SELECT has no :%.*s",
                                      STR_ARG(type->filters[i].name),
                                      STR_ARG(type->filters[i].name));
        }
    }
    return true;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

unsigned type_line_at(const struct export_type *type, size_t offset)
{
    unsigned line = type->sql_line;
    for (size_t i = 0; i < offset && i < type->sql.len; i++)
        line += type->sql.ptr[i] == '\n';
    return line;
}

/* Where `word` stands alone in the SQL, from `begin` on; the SQL's length if nowhere. */
static size_t find_word(const struct export_type *type, const char *word, size_t begin)
{
    const char *sql = type->sql.ptr;
    size_t len = strlen(word);
    for (const char *at = sql + begin; len && (at = strstr(at, word)); at++) {
        bool begins = at == sql || !is_word_char(word[0]) || !is_word_char(at[-1]);
        if (begins && !is_word_char(at[len]))
            return (size_t)(at - sql);
    }
    return type->sql.len;
}

unsigned type_line_of(const struct export_type *type, const char *word)
{
    size_t at = find_word(type, word, 0);
    return at < type->sql.len ? type_line_at(type, at) : type->sql_line;
}

/* SQL without the blanks and comments at its front. */
static const char *skip_comments(const char *sql)
{
    for (;;) {
        while (isspace((unsigned char)*sql))
            sql++;
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");
            sql = end ? end + 2 : sql + strlen(sql);
        } else {
            return sql;
        }
    }
}

static bool begins_with_word(const char *sql, const char *word)
{
    size_t len = strlen(word);
    return str_equal_nocase((struct str){sql, strnlen(sql, len)}, (struct str){word, len}) &&
           !is_word_char(sql[len]);
}

bool type_check_start(const struct export_type *type, const char *start, struct err *err)
{
    const char *sql = skip_comments(start);
    if (begins_with_word(sql, "SELECT") || begins_with_word(sql, "WITH"))
        return true;
    return export_type_refuse(type->name, type_line_at(type, (size_t)(sql - type->sql.ptr)), err,
                              "here must stand one SELECT, or WITH … SELECT");
}

bool type_check_tail(const struct export_type *type, const char *tail, struct err *err)
{
    tail = skip_comments(tail);
    if (!*tail)
        return true;
    return export_type_refuse(type->name, type_line_at(type, (size_t)(tail - type->sql.ptr)), err,
                              "text after the statement; one SELECT is all");
}

const struct column_note *type_note_of(const struct export_type *type, struct str column)
{
    for (size_t i = 0; i < type->note_count; i++) {
        if (str_equal(type->notes[i].name, column))
            return &type->notes[i];
    }
    return NULL;
}

struct column type_column(const struct export_type *type, struct str name, enum column_type found)
{
    struct column column = {.name = name, .title = name, .type = found, .is_default = true};
    const struct column_note *note = type_note_of(type, name);
    if (!note)
        return column;
    column.is_default = note->is_default;
    if (note->title.len)
        column.title = note->title;
    if (note->type != COLUMN_ANY)
        column.type = note->type;
    return column;
}

static bool has_column(const struct column *columns, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(columns[i].name, name))
            return true;
    }
    return false;
}

/* The second time its name stands in the SQL is most likely where a column came twice. */
static bool refuse_twice(const struct export_type *type, struct str name, struct err *err)
{
    size_t first = find_word(type, name.ptr, 0);
    size_t second = first < type->sql.len ? find_word(type, name.ptr, first + 1) : type->sql.len;
    unsigned line = second < type->sql.len ? type_line_at(type, second) : type->sql_line;
    return export_type_refuse(type->name, line, err,
                              "two columns are called \"%.*s\"; rename one with AS", STR_ARG(name));
}

/* A database's own names need not be; the type file's text is. */
static bool is_utf8(struct str name)
{
    return utf8_valid_prefix(name.ptr, name.len) == name.len;
}

bool type_check_columns(const struct export_type *type, const struct column *columns, size_t count,
                        struct err *err)
{
    bool has_default = false;
    for (size_t i = 0; i < count; i++) {
        if (str_is_empty(columns[i].name)) {
            return export_type_refuse(type->name, type->sql_line, err,
                                      "column %zu has no name; give it one with AS", i + 1);
        }
        if (!is_utf8(columns[i].name)) {
            return export_type_refuse(type->name, type->sql_line, err,
                                      "the name of column %zu is not UTF-8; name the columns one "
                                      "by one, and rename it with AS or in the database",
                                      i + 1);
        }
        if (has_column(columns, i, columns[i].name))
            return refuse_twice(type, columns[i].name, err);
        has_default |= columns[i].is_default;
    }
    for (size_t i = 0; i < type->note_count; i++) {
        if (!has_column(columns, count, type->notes[i].name)) {
            return export_type_refuse(type->name, type->notes[i].line, err,
                                      "the SELECT has no column \"%.*s\"",
                                      STR_ARG(type->notes[i].name));
        }
    }
    if (!has_default) {
        return export_type_refuse(type->name, type->sql_line, err,
                                  "no column is default; leave at least one");
    }
    return true;
}
