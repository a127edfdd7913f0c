/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks a type's SQL against the database, once, when the server starts: what is wrong with a type
 * file is told to its author, with file and line, and not to the first who asks for an export.
 */
#include "export/source_sqlite.h"

#include <ctype.h>

/* A type's check: every part refuses with a line of the type's file. */
struct check {
    const struct export_type *type;
    sqlite3_stmt *statement;
    struct err *err;
};

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static unsigned line_at(const struct export_type *type, size_t offset)
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

/* The line where a word stands; the SQL's first line if it is not to be found. */
static unsigned line_of(const struct export_type *type, const char *word)
{
    size_t at = find_word(type, word, 0);
    return at < type->sql.len ? line_at(type, at) : type->sql_line;
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
    return strncasecmp(sql, word, len) == 0 && !is_word_char(sql[len]);
}

/* What SQLite says of SQL that it does not take, in the line it means. "no such table: Trad" comes
 * without a place: then it is where the word stands. */
static bool refuse_sql(const struct check *check, struct sqlite_connection *connection, int code)
{
    const struct export_type *type = check->type;
    int primary = code & 0xFF;
    if (connection->is_more_than_select) {
        return export_type_refuse(type->name, type->sql_line, check->err,
                                  "only reading is allowed here: one SELECT of tables and views");
    }
    if (primary != SQLITE_ERROR)
        return sqlite_connection_fail(connection, code, SQLITE_PHASE_PREPARE, check->err);
    const char *message = sqlite3_errmsg(connection->db);
    int offset = sqlite3_error_offset(connection->db);
    const char *colon = strrchr(message, ':');
    unsigned line = type->sql_line;
    if (offset >= 0) {
        line = line_at(type, (size_t)offset);
    } else if (strcmp(message, "incomplete input") == 0) {
        line = line_at(type, type->sql.len);
    } else if (colon && colon[1] == ' ') {
        line = line_of(type, colon + 2);
    }
    return export_type_refuse(type->name, line, check->err, "%s", message);
}

static bool check_statement(struct check *check, struct sqlite_connection *connection)
{
    const struct export_type *type = check->type;
    const char *sql = skip_comments(type->sql.ptr);
    if (!begins_with_word(sql, "SELECT") && !begins_with_word(sql, "WITH")) {
        return export_type_refuse(type->name, line_at(type, (size_t)(sql - type->sql.ptr)),
                                  check->err, "here must stand one SELECT, or WITH … SELECT");
    }
    const char *tail = NULL;
    connection->is_more_than_select = false;
    int code = sqlite3_prepare_v3(connection->db, type->sql.ptr, (int)type->sql.len + 1, 0,
                                  &check->statement, &tail);
    if (code != SQLITE_OK)
        return refuse_sql(check, connection, code);
    tail = skip_comments(tail);
    if (*tail) {
        return export_type_refuse(type->name, line_at(type, (size_t)(tail - type->sql.ptr)),
                                  check->err, "text after the statement; one SELECT is all");
    }
    if (!sqlite3_stmt_readonly(check->statement) || sqlite3_column_count(check->statement) == 0) {
        return export_type_refuse(type->name, type->sql_line, check->err,
                                  "the statement does not only read");
    }
    return true;
}

static bool refuse_parameter(const struct check *check, const char *name)
{
    const struct export_type *type = check->type;
    if (!name || name[0] == '?') {
        return export_type_refuse(type->name, line_of(type, "?"), check->err,
                                  "a parameter without a name; write :owner or :FILTER");
    }
    unsigned line = line_of(type, name);
    if (name[0] != ':') {
        return export_type_refuse(type->name, line, check->err,
                                  "parameter %s: write it with a colon, :%s", name, name + 1);
    }
    size_t len = strlen(name);
    if (len > 5 && strcmp(name + len - 4, "_end") == 0 &&
        export_type_filter(type, (struct str){name + 1, len - 5})) {
        return export_type_refuse(type->name, line, check->err,
                                  "parameter %s: only filters of type date and timestamp have an "
                                  "end",
                                  name);
    }
    return export_type_refuse(type->name, line, check->err,
                              "parameter %s is neither :owner nor a filter; declare it in the "
                              "header: \"-- filter %s text: …\"",
                              name, name + 1);
}

static bool check_parameters(const struct check *check, struct arena *arena)
{
    const struct export_type *type = check->type;
    bool *is_used = arena_alloc_array(arena, type->filter_count, sizeof *is_used);
    bool has_owner = false;
    int count = sqlite3_bind_parameter_count(check->statement);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(check->statement, i);
        size_t filter = 0;
        switch (sqlite_parameter_find(type, name, &filter)) {
        case SQLITE_PARAMETER_UNKNOWN:
            return refuse_parameter(check, name);
        case SQLITE_PARAMETER_OWNER:
            has_owner = true;
            break;
        case SQLITE_PARAMETER_FILTER:
        case SQLITE_PARAMETER_FILTER_END:
            is_used[filter] = true;
            break;
        }
    }
    if (!has_owner && !type->is_shared) {
        return export_type_refuse(type->name, type->sql_line, check->err,
                                  "the SELECT does not use :owner, so everybody would get every "
                                  "row; add it, or \"-- shared\" to the header if that is meant");
    }
    for (size_t i = 0; i < type->filter_count; i++) {
        if (!is_used[i]) {
            return export_type_refuse(type->name, type->filters[i].line, check->err,
                                      "filter %.*s is not used; the SELECT has no :%.*s",
                                      STR_ARG(type->filters[i].name),
                                      STR_ARG(type->filters[i].name));
        }
    }
    return true;
}

/* The type a column's declaration suggests, by SQLite's rules of affinity. It is a hint: the values
 * are what they are. */
static enum column_type declared_type(const char *declaration)
{
    static const struct {
        const char *part;
        enum column_type type;
    } affinities[] = {
        {"INT", COLUMN_BIGINT},  {"CHAR", COLUMN_TEXT},   {"CLOB", COLUMN_TEXT},
        {"TEXT", COLUMN_TEXT},   {"BLOB", COLUMN_ANY},    {"REAL", COLUMN_NUMBER},
        {"FLOA", COLUMN_NUMBER}, {"DOUB", COLUMN_NUMBER},
    };
    for (size_t i = 0; declaration && i < COUNT_OF(affinities); i++) {
        if (strcasestr(declaration, affinities[i].part))
            return affinities[i].type;
    }
    return COLUMN_ANY;
}

static const struct column_note *note_of(const struct export_type *type, struct str column)
{
    for (size_t i = 0; i < type->note_count; i++) {
        if (str_equal(type->notes[i].name, column))
            return &type->notes[i];
    }
    return NULL;
}

enum column_type sqlite_noted_type(const struct export_type *type, struct str column)
{
    const struct column_note *note = note_of(type, column);
    return note ? note->type : COLUMN_ANY;
}

static struct column make_column(const struct check *check, int index, struct arena *arena)
{
    struct str name = arena_copy_str(arena, str_of(sqlite3_column_name(check->statement, index)));
    struct column column = {.name = name, .title = name, .is_default = true};
    const struct column_note *note = note_of(check->type, name);
    if (note) {
        column.type = note->type;
        column.is_default = note->is_default;
        if (note->title.len)
            column.title = note->title;
    }
    if (column.type == COLUMN_ANY)
        column.type = declared_type(sqlite3_column_decltype(check->statement, index));
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
static bool refuse_twice(const struct check *check, struct str name)
{
    const struct export_type *type = check->type;
    size_t first = find_word(type, name.ptr, 0);
    size_t second = first < type->sql.len ? find_word(type, name.ptr, first + 1) : type->sql.len;
    unsigned line = second < type->sql.len ? line_at(type, second) : type->sql_line;
    return export_type_refuse(type->name, line, check->err,
                              "two columns are called \"%.*s\"; rename one with AS", STR_ARG(name));
}

static bool check_columns(const struct check *check, const struct column *columns, size_t count)
{
    const struct export_type *type = check->type;
    bool has_default = false;
    for (size_t i = 0; i < count; i++) {
        if (str_is_empty(columns[i].name)) {
            return export_type_refuse(type->name, type->sql_line, check->err,
                                      "column %zu has no name; give it one with AS", i + 1);
        }
        if (has_column(columns, i, columns[i].name))
            return refuse_twice(check, columns[i].name);
        has_default |= columns[i].is_default;
    }
    for (size_t i = 0; i < type->note_count; i++) {
        if (!has_column(columns, count, type->notes[i].name)) {
            return export_type_refuse(type->name, type->notes[i].line, check->err,
                                      "the SELECT has no column \"%.*s\"",
                                      STR_ARG(type->notes[i].name));
        }
    }
    if (!has_default) {
        return export_type_refuse(type->name, type->sql_line, check->err,
                                  "no column is default; leave at least one");
    }
    return true;
}

static void finalize(sqlite3_stmt *const *statement)
{
    (void)sqlite3_finalize(*statement);
}

bool sqlite_describe(struct sqlite_connection *connection, const struct export_type *type,
                     struct arena *arena, const struct column **out, size_t *out_count,
                     struct err *err)
{
    struct check check = {.type = type, .err = err};
    bool is_good = check_statement(&check, connection) && check_parameters(&check, arena);
    sqlite3_stmt *statement CLEANUP(finalize) = check.statement;
    if (!is_good)
        return false;
    size_t count = (size_t)sqlite3_column_count(statement);
    struct column *columns = arena_alloc_array(arena, count, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = make_column(&check, (int)i, arena);
    if (!check_columns(&check, columns, count))
        return false;
    *out = columns;
    *out_count = count;
    return true;
}
