/* SPDX-License-Identifier: Apache-2.0
 *
 * INSERT statements of many rows, for server/demo_journal.c: SQL that SQLite and PostgreSQL both
 * take.
 *
 *     insert_init → (insert_table → (insert_row → values × n) × n) × n → insert_finish
 *
 * A sink that fails is remembered and told by insert_finish; nothing more is written then.
 */
#ifndef SERVER_DEMO_INSERT_H
#define SERVER_DEMO_INSERT_H

#include "base/buf.h"
#include "base/sink.h"

/* All private. */
struct insert {
    struct sink *sink;
    struct err *err;
    struct buf text;
    const char *table;
    int row_count; /* of the statement in the making */
    bool is_row_empty;
    bool has_failed;
};

void insert_init(struct insert *insert, struct sink *sink, struct err *err);

/* The rows that follow go to `"Name" ("column", …)`. */
void insert_table(struct insert *insert, const char *table);
void insert_row(struct insert *insert);

/* The next value of the row. NULL is NULL. */
void insert_text(struct insert *insert, const char *text);
void insert_integer(struct insert *insert, int64_t value);

/* units · 10^-decimals, exactly; units >= 0. */
void insert_decimal(struct insert *insert, int64_t units, int decimals);

/* Milliseconds since 1970 as '2025-08-01 12:34:56.000'; negative: NULL. */
void insert_time(struct insert *insert, int64_t ms);

/* SQL as it stands: NULL, TRUE, a number. */
void insert_sql(struct insert *insert, const char *sql);

/* Writes what is left and gives the memory back. False, with the sink's error, if it failed. */
bool insert_finish(struct insert *insert) MUST_CHECK;

#endif
