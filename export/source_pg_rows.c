/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a query, one by one as they come, in text. Where all columns are wanted the type's
 * SQL runs as it stands; otherwise it is a subquery of which the columns are chosen, and PostgreSQL
 * computes and sends no others. A subquery with an ORDER BY is a plan of its own, and choosing its
 * columns and counting its rows keep the order.
 *
 * A connection goes back to the pool only when all of its rows were read. After anything else it is
 * closed: a cancel may still be on its way to it.
 */
#include "export/source_pg.h"

#include "base/mem.h"
#include "pg/pool.h"

#include <assert.h>

/* One column of the file: which column of the result, and how its values become cells. */
struct reader {
    int index;
    struct pg_converter converter;
};

struct pg_rows {
    struct rows base;
    struct source_query query;
    const struct pg_export *export;
    struct pg_pool *pool;
    struct pg *pg;
    struct arena arena;
    struct reader *readers; /* one per column asked for */
    struct pg_query statement;
    int64_t row_count;
    int64_t total;
    enum rows_total_kind total_kind;
    bool is_estimated; /* or it was tried */
    bool is_checked;   /* the result's columns are those that were described */
    bool has_ended;
};

static struct pg_rows *rows_of(struct rows *base)
{
    return CONTAINER_OF(base, struct pg_rows, base);
}

static bool has_all_columns(const struct source_query *query)
{
    bool is_same = query->column_count == query->type->column_count;
    for (size_t i = 0; is_same && i < query->column_count; i++)
        is_same = query->columns[i] == i;
    return is_same;
}

static void add_name(struct buf *out, struct str name)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            buf_add_char(out, '"');
        buf_add_char(out, name.ptr[i]);
    }
    buf_add_char(out, '"');
}

static void print_query(const struct pg_rows *rows, struct buf *out)
{
    const struct source_query *query = &rows->query;
    if (has_all_columns(query) && !query->limit) {
        pg_sql_print(&rows->export->sql, out);
        return;
    }
    for (size_t i = 0; i < query->column_count; i++) {
        buf_add_text(out, i ? ", " : "select ");
        add_name(out, rows->export->columns[query->columns[i]].name);
    }
    buf_add_text(out, " from (\n");
    pg_sql_print(&rows->export->sql, out);
    buf_add_text(out, "\n) as t"); /* on a line of its own: the SQL may end in a comment */
    if (query->limit)
        buf_printf(out, " limit %lld", (long long)query->limit);
}

static void choose_readers(struct pg_rows *rows)
{
    const struct source_query *query = &rows->query;
    rows->readers = arena_alloc_array(&rows->arena, query->column_count, sizeof *rows->readers);
    for (size_t i = 0; i < query->column_count; i++) {
        assert(query->columns[i] < rows->export->column_count);
        const struct pg_column *column = &rows->export->columns[query->columns[i]];
        rows->readers[i] = (struct reader){(int)i, pg_converter_for(column->found, column->type)};
    }
}

/* An error of the database that came because somebody wished us to stop is that wish: the server's
 * clock may strike before ours. */
static bool fail(const struct pg_rows *rows, struct err *err)
{
    struct err wish = {0};
    if (!stop_check(rows->query.stop, &wish))
        *err = wish;
    return false;
}

static struct str name_of(const struct pg_rows *rows)
{
    return rows->query.job_name.len ? rows->query.job_name : STR("exportq/source");
}

static bool start(struct pg_rows *rows, struct err *err)
{
    struct stop *stop = rows->query.stop;
    struct buf sql CLEANUP(buf_done);
    buf_init(&sql, SIZE_MAX);
    print_query(rows, &sql);
    rows->statement = (struct pg_query){.sql = arena_copy_text(&rows->arena, buf_str(&sql)),
                                        .value_count = (int)rows->export->slot_count,
                                        .types = rows->export->oids};
    return pg_bind(rows->export, &rows->query, &rows->arena, &rows->statement.values, err) &&
           stop_check(stop, err) &&
           (pg_transaction_start(rows->pg, name_of(rows), pg_transaction_timeout_ms(stop),
                                 &rows->statement, err) ||
            fail(rows, err));
}

/* An export that is not over with its first batch is worth asking how long it will be, on another
 * connection. */
static void estimate(struct pg_rows *rows)
{
    struct pg *pg = NULL;
    struct err ignored;
    rows->is_estimated = true;
    if (!pg_pool_take(rows->pool, 0, rows->query.stop, &pg, &ignored))
        return;
    pg_set_stop(pg, rows->query.stop);
    if (pg_transaction_estimate(pg, name_of(rows), &rows->statement, &rows->total))
        rows->total_kind = ROWS_ESTIMATED;
    pg_pool_give(rows->pool, pg);
}

bool pg_rows_open(struct pg_pool *pool, struct pg *pg, const struct pg_export *export,
                  const struct source_query *query, struct rows **out, struct err *err)
{
    struct pg_rows *rows = mem_new(struct pg_rows);
    rows->query = *query;
    rows->export = export;
    rows->pool = pool;
    rows->pg = pg;
    arena_init(&rows->arena);
    pg_set_stop(pg, query->stop);
    choose_readers(rows);
    if (!start(rows, err)) {
        pg_rows_close(&rows->base);
        return false;
    }
    *out = &rows->base;
    return true;
}

void pg_rows_close(struct rows *base)
{
    struct pg_rows *rows = rows_of(base);
    pg_pool_give(rows->pool, rows->pg);
    arena_done(&rows->arena);
    free(rows);
}

int64_t pg_rows_total(const struct rows *base, enum rows_total_kind *out_kind)
{
    const struct pg_rows *rows = CONTAINER_OF(base, struct pg_rows, base);
    *out_kind = rows->total_kind;
    return rows->total;
}

/* The table may have changed since source_describe; `SELECT *` follows it. */
static bool check_columns(struct pg_rows *rows, const PGresult *row, struct err *err)
{
    const struct source_query *query = &rows->query;
    bool is_same = (size_t)PQnfields(row) == query->column_count;
    for (size_t i = 0; is_same && i < query->column_count; i++) {
        const struct pg_column *column = &rows->export->columns[query->columns[i]];
        is_same = PQftype(row, (int)i) == column->oid &&
                  str_equal(str_of(PQfname(row, (int)i)), column->name);
    }
    rows->is_checked = is_same;
    if (is_same)
        return true;
    return err_set(err, ERR_SOURCE_SCHEMA,
                   "the columns of %.*s changed in the source since the server started; restart it",
                   STR_ARG(query->type->name));
}

/* Never the value itself: an error's text is no place for somebody's data. */
static bool refuse_value(const struct pg_rows *rows, size_t column, const char *problem,
                         struct err *err)
{
    struct str name = rows->query.type->columns[rows->query.columns[column]].name;
    return err_set(err, ERR_SOURCE_DATA, "row %lld, column %.*s: the value %s",
                   (long long)rows->row_count, STR_ARG(name), problem);
}

static bool convert_row(struct pg_rows *rows, const PGresult *row, struct batch *batch,
                        struct err *err)
{
    struct cell *cells = batch_add_row(batch);
    const struct reader *readers = rows->readers;
    rows->row_count++;
    for (size_t i = 0; i < batch->column_count; i++) {
        int index = readers[i].index;
        int len = PQgetlength(row, 0, index);
        if (len == 0 && PQgetisnull(row, 0, index)) {
            cells[i].kind = CELL_NULL;
            continue;
        }
        struct str text = {PQgetvalue(row, 0, index), (size_t)len};
        const char *problem = readers[i].converter.convert(text, batch, &cells[i]);
        if (problem)
            return refuse_value(rows, i, problem, err);
    }
    return true;
}

bool pg_rows_next(struct rows *base, struct batch *batch, struct err *err)
{
    struct pg_rows *rows = rows_of(base);
    assert(batch->row_count == 0 && batch->column_count == rows->query.column_count);
    if (!stop_check(rows->query.stop, err))
        return false;
    while (!rows->has_ended && !batch_is_full(batch)) {
        PGresult *row = NULL;
        if (!pg_next(rows->pg, &row, err))
            return fail(rows, err);
        rows->has_ended = !row;
        if (!row)
            break;
        bool is_good = (rows->is_checked || check_columns(rows, row, err)) &&
                       convert_row(rows, row, batch, err);
        PQclear(row);
        if (!is_good)
            return false;
    }
    if (!rows->has_ended && !rows->is_estimated)
        estimate(rows);
    return true;
}
