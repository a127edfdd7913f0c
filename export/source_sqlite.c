/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows from an SQLite database. Each query has a connection of its own and reads from one snapshot:
 * first it counts the rows, for as long as that is quick, then it runs the type's SQL as it stands.
 * Row by row there is one step, and per cell one call of a converter that was chosen when the query
 * began.
 */
#include "export/source_sqlite.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>

enum { COUNT_BOX_MS = 200, MAX_COUNT_SQL_BYTES = EXPORT_TYPE_MAX_BYTES + 200 };

struct sqlite_source {
    struct source base;
    char *path;
};

/* One column of the file: which column of the statement, and how its values become cells. */
struct reader {
    int index;
    struct sqlite_converter converter;
};

struct sqlite_rows {
    struct rows base;
    struct source_query query;
    struct sqlite_connection *connection;
    sqlite3_stmt *statement; /* NULL once the last row was read */
    struct arena arena;
    struct reader *readers; /* one per column asked for */
    int64_t row_count;
    int64_t total;
    enum rows_total_kind total_kind;
};

static void finalize(sqlite3_stmt *const *statement)
{
    (void)sqlite3_finalize(*statement);
}

static int prepare(const struct sqlite_rows *rows, struct str sql, sqlite3_stmt **out,
                   const char **tail)
{
    return sqlite3_prepare_v3(rows->connection->db, sql.ptr, (int)sql.len + 1, 0, out, tail);
}

/* The rows of the type's SQL are counted over a row of constants with a LIMIT, which keeps SQLite
 * from counting a whole table in one instruction that nothing can interrupt. `sql` is the statement
 * with its semicolon. */
static bool count_with(struct sqlite_rows *rows, struct str sql, struct err *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, MAX_COUNT_SQL_BYTES);
    if (sql.len && sql.ptr[sql.len - 1] == ';')
        sql.len--;
    int64_t limit = rows->query.limit ? rows->query.limit : -1;
    buf_printf(&text, "SELECT count(*) FROM (SELECT 1 FROM (%.*s\n) LIMIT %lld)", STR_ARG(sql),
               (long long)limit);
    sqlite3_stmt *statement CLEANUP(finalize) = NULL;
    if (!buf_is_ok(&text) || prepare(rows, buf_str(&text), &statement, NULL) != SQLITE_OK)
        return true;
    if (!sqlite_bind(statement, &rows->query, &rows->arena, err))
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        rows->total = sqlite3_column_int64(statement, 0);
        rows->total_kind = ROWS_EXACT;
    }
    return true;
}

/* Counts within its box of time; a count that fails for whatever reason is a total not known. */
static bool count_rows(struct sqlite_rows *rows, struct str sql, struct err *err)
{
    rows->connection->box_ends_ms = clock_monotonic_ms() + COUNT_BOX_MS;
    bool is_counted = count_with(rows, sql, err);
    rows->connection->box_ends_ms = 0;
    return is_counted && stop_check(rows->query.stop, err);
}

/* The select list is still what source_describe found: `SELECT *` follows its table. */
static bool check_columns(const struct sqlite_rows *rows, struct err *err)
{
    const struct export_type *type = rows->query.type;
    bool is_same = (size_t)sqlite3_column_count(rows->statement) == type->column_count;
    for (size_t i = 0; is_same && i < type->column_count; i++) {
        is_same =
            str_equal(type->columns[i].name, str_of(sqlite3_column_name(rows->statement, (int)i)));
    }
    if (is_same)
        return true;
    return err_set(err, ERR_SOURCE_SCHEMA,
                   "the columns of %.*s changed in the source since the server started; restart it",
                   STR_ARG(type->name));
}

static void choose_readers(struct sqlite_rows *rows)
{
    const struct source_query *query = &rows->query;
    rows->readers = arena_alloc_array(&rows->arena, query->column_count, sizeof *rows->readers);
    for (size_t i = 0; i < query->column_count; i++) {
        size_t index = query->columns[i];
        assert(index < query->type->column_count);
        struct str name = query->type->columns[index].name;
        rows->readers[i] = (struct reader){
            .index = (int)index,
            .converter = sqlite_converter_for(sqlite_noted_type(query->type, name)),
        };
    }
}

static bool start(struct sqlite_rows *rows, const char *path, struct err *err)
{
    const struct source_query *query = &rows->query;
    if (!sqlite_connection_open(path, query->stop, &rows->connection, err))
        return false;
    const char *tail = NULL;
    int code = prepare(rows, query->type->sql, &rows->statement, &tail);
    if (code != SQLITE_OK)
        return sqlite_connection_fail(rows->connection, code, SQLITE_PHASE_PREPARE, err);
    if (!check_columns(rows, err) || !sqlite_bind(rows->statement, query, &rows->arena, err))
        return false;
    choose_readers(rows);
    const char *sql = query->type->sql.ptr;
    return count_rows(rows, (struct str){sql, (size_t)(tail - sql)}, err);
}

static void end_statement(struct sqlite_rows *rows)
{
    (void)sqlite3_finalize(rows->statement);
    rows->statement = NULL;
}

static void close_rows(struct rows *base)
{
    struct sqlite_rows *rows = CONTAINER_OF(base, struct sqlite_rows, base);
    end_statement(rows);
    sqlite_connection_close(rows->connection);
    arena_done(&rows->arena);
    free(rows);
}

static int64_t total(const struct rows *base, enum rows_total_kind *out_kind)
{
    const struct sqlite_rows *rows = CONTAINER_OF(base, struct sqlite_rows, base);
    *out_kind = rows->total_kind;
    return rows->total;
}

/* Never the value itself: an error's text is no place for somebody's data. */
static bool refuse_value(const struct sqlite_rows *rows, size_t column, const char *problem,
                         struct err *err)
{
    struct str name = rows->query.type->columns[rows->query.columns[column]].name;
    return err_set(err, ERR_SOURCE_DATA, "row %lld, column %.*s: the value %s",
                   (long long)rows->row_count, STR_ARG(name), problem);
}

static bool convert_row(struct sqlite_rows *rows, struct batch *batch, struct err *err)
{
    struct cell *cells = batch_add_row(batch);
    sqlite3_stmt *statement = rows->statement;
    const struct reader *readers = rows->readers;
    rows->row_count++;
    for (size_t i = 0; i < batch->column_count; i++) {
        sqlite3_value *value = sqlite3_column_value(statement, readers[i].index);
        const char *problem = readers[i].converter.convert(value, batch, &cells[i]);
        if (problem)
            return refuse_value(rows, i, problem, err);
    }
    return true;
}

static bool next(struct rows *base, struct batch *batch, struct err *err)
{
    struct sqlite_rows *rows = CONTAINER_OF(base, struct sqlite_rows, base);
    assert(batch->row_count == 0 && batch->column_count == rows->query.column_count);
    if (!stop_check(rows->query.stop, err))
        return false;
    while (rows->statement && !batch_is_full(batch)) {
        bool is_enough = rows->query.limit && rows->row_count == rows->query.limit;
        int code = is_enough ? SQLITE_DONE : sqlite3_step(rows->statement);
        if (code == SQLITE_DONE) {
            end_statement(rows);
        } else if (code != SQLITE_ROW) {
            return sqlite_connection_fail(rows->connection, code, SQLITE_PHASE_STEP, err);
        } else if (!convert_row(rows, batch, err)) {
            return false;
        }
    }
    return true;
}

static void close_source(struct source *base)
{
    struct sqlite_source *source = CONTAINER_OF(base, struct sqlite_source, base);
    free(source->path);
    free(source);
}

static bool describe(struct source *base, const struct export_type *type, struct arena *arena,
                     const struct column **out, size_t *out_count, struct err *err)
{
    const struct sqlite_source *source = CONTAINER_OF(base, struct sqlite_source, base);
    struct sqlite_connection *connection = NULL;
    if (!sqlite_connection_open(source->path, NULL, &connection, err))
        return false;
    bool is_good = sqlite_describe(connection, type, arena, out, out_count, err);
    sqlite_connection_close(connection);
    return is_good;
}

static bool run_query(struct source *base, const struct source_query *query, struct rows **out,
                      struct err *err);

static const struct source_ops ops = {
    .dialect = "sqlite",
    .close = close_source,
    .describe = describe,
    .query = run_query,
    .total = total,
    .next = next,
    .close_rows = close_rows,
};

static bool run_query(struct source *base, const struct source_query *query, struct rows **out,
                      struct err *err)
{
    const struct sqlite_source *source = CONTAINER_OF(base, struct sqlite_source, base);
    struct sqlite_rows *rows = mem_new(struct sqlite_rows);
    rows->base.ops = &ops;
    rows->query = *query;
    if (!start(rows, source->path, err)) {
        close_rows(&rows->base);
        return false;
    }
    *out = &rows->base;
    return true;
}

bool source_sqlite_open(struct str url, struct source **out, struct err *err)
{
    static const struct str scheme = {"sqlite:", 7};
    struct str path = {url.ptr + scheme.len, url.len - scheme.len};
    if (path.len == 0 || str_find(path, '\0') < path.len)
        return err_set(err, ERR_INVALID, "the source's URL names no database; write sqlite:PATH");
    struct sqlite_source *source = mem_new(struct sqlite_source);
    source->base.ops = &ops;
    source->path = sqlite_plain_path(path, "");
    struct sqlite_connection *connection = NULL;
    if (!sqlite_connection_open(source->path, NULL, &connection, err)) {
        close_source(&source->base);
        return false;
    }
    sqlite_connection_close(connection);
    *out = &source->base;
    return true;
}
