/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite source, shared among its own files only; others use export/source.h.
 *
 *     source_sqlite.c             the source, and the rows of a query
 *     source_sqlite_connection.c  a read-only connection that can be interrupted, and its errors
 *     source_sqlite_describe.c    checks a type's SQL and tells its columns
 *     source_sqlite_bind.c        which parameter is what, and the values bound to them
 *     source_sqlite_cell.c        from a value of SQLite's to a cell
 */
#ifndef EXPORT_SOURCE_SQLITE_H
#define EXPORT_SOURCE_SQLITE_H

#include "export/source.h"
#include "export/type_check.h"

#include <sqlite3.h>

/* Opens "sqlite:PATH". */
bool source_sqlite_open(struct str url, struct source **out, struct err *err) MUST_CHECK;

/* One connection, of one thread. Its address is known to SQLite's callbacks: it does not move. */
struct sqlite_connection {
    sqlite3 *db;
    struct stop *stop;        /* may be NULL */
    int64_t box_ends_ms;      /* monotonic; when work is interrupted anyway; 0: never */
    bool is_more_than_select; /* the statement just prepared was refused for what it does */
};

/* What the database was asked to do when it failed. */
enum sqlite_phase { SQLITE_PHASE_OPEN, SQLITE_PHASE_PREPARE, SQLITE_PHASE_STEP };

/* The path with `suffix`, so that it is a path whatever SQLite would take it for: "", ":memory:"
 * and "file:…" have meanings of their own, what begins with a directory has not. Free with free().
 */
char *sqlite_plain_path(struct str path, const char *suffix);

/* Opens the database read-only and fixes a snapshot of it, which lasts until the close. From then
 * on it runs SELECTs only. `path` must not be what SQLite gives a meaning of its own. */
bool sqlite_connection_open(const char *path, struct stop *stop, struct sqlite_connection **out,
                            struct err *err) MUST_CHECK;
void sqlite_connection_close(struct sqlite_connection *connection);

/* Tells SQLite's result code as one of ours. Returns false. */
bool sqlite_connection_fail(const struct sqlite_connection *connection, int code,
                            enum sqlite_phase phase, struct err *err);

/* What a parameter stands for, by its name with the colon (export/type_check.h). */
enum parameter_kind sqlite_parameter_find(const struct export_type *type, const char *name,
                                          size_t *filter);

/* Binds the owner and the filters to the parameters of a statement of the query's type. The values
 * are the query's own or in `arena`: both outlive the statement. */
bool sqlite_bind(sqlite3_stmt *statement, const struct source_query *query, struct arena *arena,
                 struct err *err) MUST_CHECK;

bool sqlite_describe(struct sqlite_connection *connection, const struct export_type *type,
                     struct arena *arena, const struct column **out, size_t *out_count,
                     struct err *err) MUST_CHECK;

/* Makes `cell` hold `value` as the column's type asks. NULL, or what is wrong with the value: "is
 * not a timestamp". */
struct sqlite_converter {
    const char *(*convert)(sqlite3_value *value, struct batch *batch, struct cell *cell);
};

/* The converter for a type that the type file notes; COLUMN_ANY: by the value's storage class. */
struct sqlite_converter sqlite_converter_for(enum column_type noted);

/* The type the type file notes for a column, or COLUMN_ANY. */
enum column_type sqlite_noted_type(const struct export_type *type, struct str column);

#endif
