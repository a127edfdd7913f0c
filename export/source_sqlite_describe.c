/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks a type's SQL against the database, once, when the server starts: what is wrong with a type
 * file is told to its author, with file and line, and not to the first who asks for an export.
 */
#include "export/source_sqlite.h"

/* A type's check: every part refuses with a line of the type's file. */
struct check {
    const struct export_type *type;
    sqlite3_stmt *statement;
    struct err *err;
};

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
        line = type_line_at(type, (size_t)offset);
    } else if (strcmp(message, "incomplete input") == 0) {
        line = type_line_at(type, type->sql.len);
    } else if (colon && colon[1] == ' ') {
        line = type_line_of(type, colon + 2);
    }
    return export_type_refuse(type->name, line, check->err, "%s", message);
}

static bool check_statement(struct check *check, struct sqlite_connection *connection)
{
    const struct export_type *type = check->type;
    if (!type_check_start(type, type->sql.ptr, check->err))
        return false;
    const char *tail = NULL;
    connection->is_more_than_select = false;
    int code = sqlite3_prepare_v3(connection->db, type->sql.ptr, (int)type->sql.len + 1, 0,
                                  &check->statement, &tail);
    if (code != SQLITE_OK)
        return refuse_sql(check, connection, code);
    if (!type_check_tail(type, tail, check->err))
        return false;
    if (!sqlite3_stmt_readonly(check->statement) || sqlite3_column_count(check->statement) == 0) {
        return export_type_refuse(type->name, type->sql_line, check->err,
                                  "the statement does not only read");
    }
    return true;
}

static bool refuse_parameter(const struct check *check, const char *name)
{
    const struct export_type *type = check->type;
    if (!name || name[0] == '?')
        return parameter_refuse_nameless(type, type_line_of(type, "?"), check->err);
    unsigned line = type_line_of(type, name);
    if (name[0] == ':')
        return parameter_refuse(type, str_of(name + 1), line, check->err);
    return export_type_refuse(type->name, line, check->err,
                              "parameter %s: write it with a colon, :%s", name, name + 1);
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
        case PARAMETER_UNKNOWN:
            return refuse_parameter(check, name);
        case PARAMETER_OWNER:
            has_owner = true;
            break;
        case PARAMETER_FILTER:
        case PARAMETER_FILTER_END:
            is_used[filter] = true;
            break;
        }
    }
    return type_check_uses(type, has_owner, is_used, check->err);
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
        if (str_contains_nocase(str_of(declaration), str_of(affinities[i].part)))
            return affinities[i].type;
    }
    return COLUMN_ANY;
}

enum column_type sqlite_noted_type(const struct export_type *type, struct str column)
{
    const struct column_note *note = type_note_of(type, column);
    return note ? note->type : COLUMN_ANY;
}

static struct column make_column(const struct check *check, int index, struct arena *arena)
{
    struct str name = arena_copy_str(arena, str_of(sqlite3_column_name(check->statement, index)));
    const char *declaration = sqlite3_column_decltype(check->statement, index);
    return type_column(check->type, name, declared_type(declaration));
}

static bool check_notes(const struct check *check)
{
    const struct export_type *type = check->type;
    for (size_t i = 0; i < type->note_count; i++) {
        const struct column_note *note = &type->notes[i];
        if (note->type == COLUMN_ARRAY)
            return export_type_refuse(type->name, note->line, check->err,
                                      "SQLite has no arrays; note column \"%.*s\" as json",
                                      STR_ARG(note->name));
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
    if (!type_check_columns(type, columns, count, err) || !check_notes(&check))
        return false;
    *out = columns;
    *out_count = count;
    return true;
}
