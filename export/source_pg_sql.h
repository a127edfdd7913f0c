/* SPDX-License-Identifier: Apache-2.0
 *
 * A type's SQL on its way to PostgreSQL, which knows parameters as $1, $2, …, not as :name. The
 * text is scanned once; its parameters are holes in it, and each hole is filled by a slot, the $n
 * of the statement. A colon is a parameter only where SQL has no other use for it: not in strings,
 * quoted names, dollar quotes and comments, not in `::` and `:=`, and not between the bounds of an
 * array slice, `a[1:n]`.
 */
#ifndef EXPORT_SOURCE_PG_SQL_H
#define EXPORT_SOURCE_PG_SQL_H

#include "base/arena.h"
#include "base/buf.h"

/* Where a parameter stands: with its colon, sql[begin..end). */
struct pg_hole {
    size_t begin;
    size_t end;
    size_t slot;  /* set by the user, from 0 */
    size_t place; /* where it begins in the text that pg_sql_locate printed, and how long it is */
    size_t width; /* there */
};

struct pg_sql {
    struct str text;       /* all of it */
    struct str body;       /* the statement: up to its semicolon */
    size_t first;          /* offset of the first token; text.len if there is none */
    size_t tail;           /* offset of the first token behind the semicolon; text.len if none */
    size_t numbered;       /* offset of the first `$n`, which a type's SQL may not have; text.len */
    struct pg_hole *holes; /* in the arena */
    size_t hole_count;
    size_t before; /* bytes that pg_sql_locate printed in front of the body */
};

/* Finds all this in `text`, which outlives the result. What is left open at the end (a string, a
 * comment) is not an error here: the server says it better. */
void pg_sql_scan(struct str text, struct arena *arena, struct pg_sql *out);

/* The name of a hole, without its colon. */
struct str pg_sql_name(const struct pg_sql *sql, const struct pg_hole *hole);

/* Adds the body with its holes as $n. */
void pg_sql_print(const struct pg_sql *sql, struct buf *out);

/* The same into an empty buffer, with `before` in front; sets place and width of each hole, for
 * pg_sql_find. */
void pg_sql_locate(struct pg_sql *sql, struct str before, struct buf *out);

/* The offset in the type's SQL of a character of what pg_sql_locate printed, counted from 1 as the
 * server does; *out_hole is the hole at that place, or NULL. */
size_t pg_sql_find(const struct pg_sql *sql, struct str printed, int position,
                   struct pg_hole **out_hole);

#endif
