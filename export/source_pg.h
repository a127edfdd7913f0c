/* SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL source, shared among its own files only; others use export/source.h.
 *
 *     source_pg.c              the source: its connections, and the types it has described
 *     source_pg_sql.c          from :name to $n
 *     source_pg_describe.c     checks a type's SQL and tells its columns
 *     source_pg_type.c         from the database's types to columns
 *     source_pg_bind.c         the values of parameters
 *     source_pg_transaction.c  the transaction of an export: snapshot, settings, estimate
 *     source_pg_rows.c         the rows of a query
 *     source_pg_cell.c         from a value's text to a cell
 */
#ifndef EXPORT_SOURCE_PG_H
#define EXPORT_SOURCE_PG_H

#include "export/source.h"
#include "export/source_pg_sql.h"
#include "export/type_check.h"
#include "pg/pg.h"

/* Opens "postgres://…" and "postgresql://…". */
bool source_pg_open(struct str url, struct source **out, struct err *err) MUST_CHECK;

/* ---- What describe finds of a type, for its queries ---- */

/* One $n: what is bound to it, and its type; 0: as the server finds. */
struct pg_slot {
    enum parameter_kind kind;
    size_t filter;
    Oid oid;
};

/* One column of the SELECT. */
struct pg_column {
    struct str name;
    Oid oid;
    enum column_type found;   /* its type in the database */
    enum column_type type;    /* its type in the file: the same, or what the type file notes */
    enum column_type element; /* of an array, as in struct column */
    char delimiter;
};

/* A type as PostgreSQL takes it. Never changes once it is described. */
struct pg_export {
    struct pg_export *next;
    struct arena arena; /* of all that it points to */
    struct str name;    /* of the type */
    struct pg_sql sql;
    struct pg_slot *slots;
    Oid *oids; /* of the slots */
    size_t slot_count;
    struct pg_column *columns;
    size_t column_count;
};

/* Fills in all but `next`; the name and the SQL are the export's own copies already. */
bool pg_export_describe(struct pg *pg, const struct export_type *type, struct pg_export *out,
                        struct err *err) MUST_CHECK;

/* ---- Types ---- */

/* Tells what the columns are in the database (`found`, `element` and `delimiter`) from their OIDs,
 * asking the database for those that are its own. */
bool pg_type_find(struct pg *pg, struct pg_column *columns, size_t count,
                  struct err *err) MUST_CHECK;

/* Whether the type file may note `noted` of a column that is `found` in the database. */
bool pg_type_may_become(enum column_type found, enum column_type noted);

/* ---- Values ---- */

/* The type to declare for a parameter, or 0 to let the server find it; and the one for where it
 * cannot. */
Oid pg_bind_type(const struct export_type *type, const struct pg_slot *slot);
Oid pg_bind_fallback(const struct export_type *type, const struct pg_slot *slot);

/* The values of all slots, in the arena. */
bool pg_bind(const struct pg_export *export, const struct source_query *query, struct arena *arena,
             const char *const **out, struct err *err) MUST_CHECK;

/* ---- The transaction ---- */

/* Begins it with its one query, whose rows come by pg_next; it ends behind the last. Read-only, one
 * snapshot, and settings of its own, so that the same query gives the same text whatever the
 * session's settings are. `name` is shown as application_name; timeout 0: none. */
bool pg_transaction_start(struct pg *pg, struct str name, int64_t timeout_ms,
                          const struct pg_query *query, struct err *err) MUST_CHECK;

/* The same without a query, for several to come; and its end: where that fails the connection is
 * broken. */
bool pg_transaction_begin(struct pg *pg, struct str name, struct err *err) MUST_CHECK;
void pg_transaction_end(struct pg *pg);

/* What the database itself is to limit a query of this stop to. */
int64_t pg_transaction_timeout_ms(const struct stop *stop);

/* How many rows the planner expects of a query, in a transaction of its own; false: it does not
 * say. */
bool pg_transaction_estimate(struct pg *pg, struct str name, const struct pg_query *query,
                             int64_t *out);

/* ---- Rows ---- */

/* The rows of a query over a connection, which goes back to `pool` with pg_rows_close; on failure
 * at once. The rows' ops are the caller's to set. */
struct pg_pool;
bool pg_rows_open(struct pg_pool *pool, struct pg *pg, const struct pg_export *export,
                  const struct source_query *query, struct rows **out, struct err *err) MUST_CHECK;

/* The part of struct source_ops that is about rows. */
int64_t pg_rows_total(const struct rows *rows, enum rows_total_kind *out_kind);
bool pg_rows_next(struct rows *rows, struct batch *batch, struct err *err) MUST_CHECK;
void pg_rows_close(struct rows *rows);

/* ---- Cells ---- */

/* Makes `cell` hold a value that is not null, from its text. NULL, or what is wrong with it: "is
 * not a timestamp". */
struct pg_converter {
    const char *(*convert)(struct str text, struct batch *batch, struct cell *cell);
};

/* The converter from a type of the database to one in the file. */
struct pg_converter pg_converter_for(enum column_type found, enum column_type type);

#endif
