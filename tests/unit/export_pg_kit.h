/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of the PostgreSQL source: the kit of export_source_kit.h over the database of the test
 * program.
 */
#ifndef TESTS_UNIT_EXPORT_PG_KIT_H
#define TESTS_UNIT_EXPORT_PG_KIT_H

#include "pg/pg.h"
#include "tests/support/database.h"
#include "tests/unit/export_source_kit.h"

enum { KIT_PG_MS = 60000 };

/* Opens the source on the database, emptied, in which `sql` was run (NULL: nothing). */
static inline void kit_open_pg(struct kit *kit, const char *sql)
{
    *kit = (struct kit){0};
    test_database_do("drop schema public cascade; create schema public");
    if (sql)
        test_database_do(sql);
    kit_must(source_open(str_of(test_database_url()), &kit->source, &kit->err), &kit->err);
}

/* Another connection, for looking in from outside. */
static inline struct pg *kit_connect(void)
{
    const struct pg_options options = {.url = test_database_url(),
                                       .application_name = "exportq/looker"};
    struct pg *pg = NULL;
    struct err err = {0};
    kit_must(pg_open(&options, NULL, &pg, &err), &err);
    return pg;
}

/* The one value of a query, as text, in the kit's arena. */
static inline const char *kit_ask(struct kit *kit, const char *sql)
{
    struct pg *pg = kit_connect();
    const struct pg_statement statement = {NULL, sql, 0};
    PGresult *result = NULL;
    kit_must(pg_run(pg, &statement, NULL, KIT_PG_MS, &result, &kit->err), &kit->err);
    const char *value = arena_copy_text(&kit->arena, str_of(PQgetvalue(result, 0, 0)));
    PQclear(result);
    pg_close(pg);
    return value;
}

#endif
