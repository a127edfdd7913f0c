/* SPDX-License-Identifier: Apache-2.0
 *
 * Where rows come from: one database, named by EXPORT_SOURCE_URL. A source is shared by all
 * threads; each run of a query has rows of its own, on a connection of its own, used by one thread.
 *
 *     source_open → source_describe (each type, at start) → … source_query → rows_next × n →
 * rows_close → source_close
 *
 * All rows of a query are of one snapshot. Errors are of the SOURCE_ classes: err_code_is_retryable
 * tells whether to try again. No error text holds SQL or a path.
 */
#ifndef EXPORT_SOURCE_H
#define EXPORT_SOURCE_H

#include "base/stop.h"
#include "export/batch.h"
#include "export/filter.h"

struct source;
struct rows;

enum rows_total_kind { ROWS_UNKNOWN, ROWS_ESTIMATED, ROWS_EXACT };

/* One run of a type. All that is pointed to outlives the rows. */
struct source_query {
    const struct export_type *type;
    struct str owner;
    const struct filter_value *filters; /* one per filter of the type, in its order */
    const size_t *columns; /* indices into the type's columns, in the order of the file */
    size_t column_count;
    int64_t limit;       /* 0: all rows */
    struct str job_name; /* how the database may show who asks; may be empty */
    struct stop *stop;   /* asked while the database works; may be NULL */
};

/* "sqlite:PATH" or "postgres://…". The database must exist and is only read. ERR_INVALID for a URL
 * nobody here serves; ERR_SOURCE_UNAVAILABLE if it cannot be opened. */
bool source_open(struct str url, struct source **out, struct err *err) MUST_CHECK;
void source_close(struct source *source);

/* The dialect of the source's built-in type files: "sqlite", "postgres". */
const char *source_dialect(const struct source *source);

/* Prepares the type's SQL against the source and tells its columns, in `arena`. Refuses, as
 * ERR_INVALID "NAME.sql:LINE: reason": SQL the source does not take, anything but one SELECT, a
 * parameter that is neither :owner nor a filter's, a missing :owner (unless shared), a filter that
 * the SQL does not use, two columns of one name, a note on a column that does not exist, text after
 * the statement. */
bool source_describe(struct source *source, const struct export_type *type, struct arena *arena,
                     const struct column **out, size_t *out_count, struct err *err) MUST_CHECK;

/* Starts a query. Fails with ERR_CANCELLED or ERR_GUARD_RAIL when `stop` asks for it. */
bool source_query(struct source *source, const struct source_query *query, struct rows **out,
                  struct err *err) MUST_CHECK;

/* How many rows to expect, as far as it is known by now. */
int64_t rows_total(const struct rows *rows, enum rows_total_kind *out_kind);

/* Fills the cleared batch with the next rows, in the columns asked for. No row: the end. */
bool rows_next(struct rows *rows, struct batch *batch, struct err *err) MUST_CHECK;

/* Ends the query, also in the middle. Accepts NULL. */
void rows_close(struct rows *rows);

/* For drivers only: a source and its rows begin with these. */
struct source_ops {
    const char *dialect;
    void (*close)(struct source *source);
    bool (*describe)(struct source *source, const struct export_type *type, struct arena *arena,
                     const struct column **out, size_t *out_count, struct err *err);
    bool (*query)(struct source *source, const struct source_query *query, struct rows **out,
                  struct err *err);
    int64_t (*total)(const struct rows *rows, enum rows_total_kind *out_kind);
    bool (*next)(struct rows *rows, struct batch *batch, struct err *err);
    void (*close_rows)(struct rows *rows);
};

struct source {
    const struct source_ops *ops;
};

struct rows {
    const struct source_ops *ops;
};

#endif
