/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks a type's SQL against the database, once, when the server starts: what is wrong with a type
 * file is told to its author, with file and line, and not to the first who asks for an export.
 *
 * The SQL is prepared as it stands, for its columns and for errors in the author's own words; then
 * it is run for no row in the form that queries use, a subquery in a read-only transaction. That
 * refuses whatever is no SELECT or does more than read, and what we are not allowed to read.
 *
 * A parameter is one $n wherever it stands. Where the server cannot find one type for it, as in
 * `:a IS NULL OR name = :a`, the place it complains of gets a $n of its own, and where that is not
 * enough, a type.
 */
#include "export/source_pg.h"

#include "base/mem.h"

#include <assert.h>

enum { DESCRIBE_MS = 30000, MAX_PRINTED_BYTES = 2 * EXPORT_TYPE_MAX_BYTES };

struct check {
    struct pg *pg;
    const struct export_type *type;
    struct pg_export *export;
    struct buf printed; /* the SQL as the server got it last */
    struct err *err;
};

static void check_done(struct check *check)
{
    buf_done(&check->printed);
}

static bool refuse_at(const struct check *check, size_t offset, const char *message)
{
    return export_type_refuse(check->type->name, type_line_at(check->type, offset), check->err,
                              "%s", message);
}

/* ---- Parameters ---- */

/* The slot of a name, which is made at its first hole. */
static size_t slot_of(struct pg_export *export, enum parameter_kind kind, size_t filter)
{
    size_t i = 0;
    while (i < export->slot_count &&
           (export->slots[i].kind != kind || export->slots[i].filter != filter))
        i++;
    if (i == export->slot_count)
        export->slots[export->slot_count++] = (struct pg_slot){.kind = kind, .filter = filter};
    return i;
}

static bool check_parameters(const struct check *check)
{
    const struct export_type *type = check->type;
    struct pg_export *export = check->export;
    struct pg_sql *sql = &export->sql;
    if (sql->numbered < sql->text.len)
        return parameter_refuse_nameless(type, type_line_at(type, sql->numbered), check->err);
    bool *is_used = arena_alloc_array(&export->arena, type->filter_count, sizeof *is_used);
    bool has_owner = false;
    export->slots = arena_alloc_array(&export->arena, sql->hole_count, sizeof *export->slots);
    export->oids = arena_alloc_array(&export->arena, sql->hole_count, sizeof *export->oids);
    for (size_t i = 0; i < sql->hole_count; i++) {
        struct pg_hole *hole = &sql->holes[i];
        size_t filter = 0;
        enum parameter_kind kind = parameter_find(type, pg_sql_name(sql, hole), &filter);
        if (kind == PARAMETER_UNKNOWN)
            return parameter_refuse(type, pg_sql_name(sql, hole), type_line_at(type, hole->begin),
                                    check->err);
        if (kind == PARAMETER_OWNER) {
            has_owner = true;
            filter = 0;
        } else {
            is_used[filter] = true;
        }
        hole->slot = slot_of(export, kind, filter);
        export->oids[hole->slot] = pg_bind_type(type, &export->slots[hole->slot]);
    }
    return type_check_uses(type, has_owner, is_used, check->err);
}

static size_t count_holes(const struct pg_sql *sql, size_t slot)
{
    size_t count = 0;
    for (size_t i = 0; i < sql->hole_count; i++)
        count += sql->holes[i].slot == slot;
    return count;
}

/* The slot of which a message says "… parameter $2", in whatever language; slot_count: of none. */
static size_t slot_in_message(const struct check *check)
{
    const char *dollar = strchr(pg_error_message(check->pg), '$');
    size_t number = dollar ? strtoul(dollar + 1, NULL, 10) : 0;
    size_t count = check->export->slot_count;
    return number >= 1 && number <= count ? number - 1 : count;
}

/* After a failure: whether the server could not find a type, and may with what was changed now. */
static bool mend_types(const struct check *check)
{
    struct pg_export *export = check->export;
    const char *sqlstate = pg_error_sqlstate(check->pg);
    bool is_ambiguous = strcmp(sqlstate, "42P08") == 0 || strcmp(sqlstate, "42P18") == 0;
    if (!is_ambiguous)
        return false;
    struct pg_hole *hole = NULL;
    int position = pg_error_position(check->pg);
    if (position)
        (void)pg_sql_find(&export->sql, buf_str(&check->printed), position, &hole);
    size_t slot = hole ? hole->slot : slot_in_message(check);
    if (slot == export->slot_count || export->oids[slot])
        return false;
    if (hole && count_holes(&export->sql, slot) > 1) {
        export->slots[export->slot_count] = export->slots[slot];
        hole->slot = export->slot_count++;
        return true;
    }
    export->oids[slot] = pg_bind_fallback(check->type, &export->slots[slot]);
    return true;
}

/* ---- The statement ---- */

/* What the server says of the SQL, in the line it means; what is no fault of the SQL, as it is. */
static bool refuse_sql(const struct check *check)
{
    enum err_code code = check->err->code;
    bool is_of_sql =
        code == ERR_SOURCE_SCHEMA || code == ERR_SOURCE_DATA || code == ERR_SOURCE_DENIED;
    if (!is_of_sql)
        return false;
    const struct pg_sql *sql = &check->export->sql;
    struct pg_hole *hole = NULL;
    int position = pg_error_position(check->pg);
    size_t offset =
        position ? pg_sql_find(sql, buf_str(&check->printed), position, &hole) : sql->first;
    return refuse_at(check, offset, pg_error_message(check->pg));
}

static struct pg_query query_of(const struct check *check)
{
    return (struct pg_query){.sql = check->printed.ptr,
                             .value_count = (int)check->export->slot_count,
                             .types = check->export->oids};
}

static bool begin(const struct check *check)
{
    return pg_transaction_begin(check->pg, STR("exportq/check"), check->err);
}

/* Each try in a transaction, of which the one that succeeds stays open. */
static bool prepare(struct check *check, PGresult **out)
{
    for (;;) {
        buf_clear(&check->printed);
        pg_sql_locate(&check->export->sql, (struct str){0}, &check->printed);
        struct pg_query query = query_of(check);
        if (!begin(check))
            return false;
        if (pg_describe(check->pg, &query, DESCRIBE_MS, out, check->err))
            return true;
        if (!mend_types(check))
            return refuse_sql(check);
        pg_transaction_end(check->pg);
    }
}

/* Each row is thrown away; there is none. */
static bool run_for_no_row(struct check *check)
{
    struct pg_query query = query_of(check);
    query.values = arena_alloc_array(&check->export->arena, check->export->slot_count,
                                     sizeof *query.values); /* all NULL */
    PGresult *row = NULL;
    bool is_good = pg_start(check->pg, &query, check->err);
    if (is_good) {
        do {
            PQclear(row);
            is_good = pg_next(check->pg, &row, check->err);
        } while (is_good && row);
    }
    pg_finish(check->pg);
    return is_good;
}

static bool try_run(struct check *check)
{
    buf_clear(&check->printed);
    pg_sql_locate(&check->export->sql, STR("select * from (\n"), &check->printed);
    buf_add_text(&check->printed, "\n) as t limit 0");
    if (run_for_no_row(check))
        return true;
    if (strcmp(pg_error_sqlstate(check->pg), "0A000") != 0)
        return refuse_sql(check);
    /* "a data-modifying statement must be at the top level", where it is */
    return refuse_at(check, check->export->sql.first,
                     "only reading is allowed here: one SELECT of tables and views");
}

/* ---- Columns ---- */

static bool check_note(const struct check *check, const struct pg_column *column)
{
    const struct column_note *note = type_note_of(check->type, column->name);
    if (!note || pg_type_may_become(column->found, note->type))
        return true;
    return export_type_refuse(check->type->name, note->line, check->err,
                              "the database gives column \"%.*s\" as %s, which cannot become %s; "
                              "cast it in the SELECT",
                              STR_ARG(column->name), column_type_name(column->found),
                              column_type_name(note->type));
}

static void take_columns(struct pg_export *export, const PGresult *description)
{
    export->column_count = (size_t)PQnfields(description);
    export->columns =
        arena_alloc_array(&export->arena, export->column_count, sizeof *export->columns);
    for (size_t i = 0; i < export->column_count; i++) {
        export->columns[i] = (struct pg_column){
            .name = arena_copy_str(&export->arena, str_of(PQfname(description, (int)i))),
            .oid = PQftype(description, (int)i),
        };
    }
}

static bool check_columns(const struct check *check)
{
    const struct export_type *type = check->type;
    struct pg_export *export = check->export;
    if (export->column_count == 0)
        return refuse_at(check, export->sql.first,
                         "the statement gives no columns; one SELECT of some is needed");
    if (!pg_type_find(check->pg, export->columns, export->column_count, check->err))
        return false;
    struct column *columns =
        arena_alloc_array(&export->arena, export->column_count, sizeof *columns);
    for (size_t i = 0; i < export->column_count; i++) {
        struct pg_column *column = &export->columns[i];
        columns[i] = type_column(type, column->name, column->found);
        column->type = columns[i].type;
    }
    if (!type_check_columns(type, columns, export->column_count, check->err))
        return false;
    for (size_t i = 0; i < export->column_count; i++)
        if (!check_note(check, &export->columns[i]))
            return false;
    return true;
}

static bool check_statement(const struct check *check)
{
    const struct pg_sql *sql = &check->export->sql;
    return type_check_start(check->type, check->type->sql.ptr + sql->first, check->err) &&
           type_check_tail(check->type, check->type->sql.ptr + sql->tail, check->err);
}

bool pg_export_describe(struct pg *pg, const struct export_type *type, struct pg_export *out,
                        struct err *err)
{
    struct check check CLEANUP(check_done) = {.pg = pg, .type = type, .export = out, .err = err};
    buf_init(&check.printed, MAX_PRINTED_BYTES);
    pg_sql_scan(out->sql.text, &out->arena, &out->sql);
    if (!check_statement(&check) || !check_parameters(&check))
        return false;
    PGresult *description = NULL;
    bool is_good = prepare(&check, &description);
    if (is_good) {
        take_columns(out, description);
        PQclear(description);
        is_good = check_columns(&check) && try_run(&check);
    }
    pg_transaction_end(pg);
    return is_good;
}
