/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of pg/: connections to the test's database, and waiting for a condition in it.
 */
#ifndef TESTS_UNIT_PG_KIT_H
#define TESTS_UNIT_PG_KIT_H

#include "base/clock.h"
#include "pg/pg.h"
#include "tests/support/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { KIT_MS = 10000, KIT_LOOK_MS = 5 };

static inline void kit_must(bool is_good, const struct err *err)
{
    if (!is_good)
        fail_msg("%s: %s", err_code_name(err->code), err->text);
}

static inline struct pg *kit_open(const char *name, bool is_preparing)
{
    const struct pg_options options = {
        .url = test_database_url(), .application_name = name, .is_preparing = is_preparing};
    struct pg *pg = NULL;
    struct err err = {0};
    kit_must(pg_open(&options, NULL, &pg, &err), &err);
    return pg;
}

/* Whether the one value of a statement is this. */
static inline void kit_check(struct pg *pg, const char *sql, const char *want)
{
    const struct pg_statement statement = {NULL, sql, 0};
    PGresult *result = NULL;
    struct err err = {0};
    kit_must(pg_run(pg, &statement, NULL, KIT_MS, &result, &err), &err);
    assert_string_equal(PQgetvalue(result, 0, 0), want);
    PQclear(result);
}

/* Waits until the value is this. */
static inline void kit_wait(struct pg *pg, const char *sql, const char *want)
{
    const struct pg_statement statement = {NULL, sql, 0};
    const struct timespec look = {.tv_nsec = KIT_LOOK_MS * 1000000L};
    int64_t until_ms = clock_monotonic_ms() + KIT_MS;
    for (bool is_there = false; !is_there;) {
        PGresult *result = NULL;
        struct err err = {0};
        kit_must(pg_run(pg, &statement, NULL, KIT_MS, &result, &err), &err);
        const char *value = PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
        is_there = strcmp(value, want) == 0;
        if (!is_there && clock_monotonic_ms() > until_ms)
            fail_msg("%s: %s, want %s", sql, value, want);
        PQclear(result);
        if (!is_there)
            (void)nanosleep(&look, NULL);
    }
}

#endif
