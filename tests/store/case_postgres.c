/* SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL store, for the suites of tests/store: each world begins with an empty queue, in
 * the database that tests/support/database.h names.
 */
#include "pg/pg.h"
#include "tests/store/store_kit.h"
#include "tests/support/database.h"

#include <stdio.h>

enum { ANSWER_MS = 60000, CONNECTIONS = 8, TRIES = 5 };

static void must(bool is_ok, const struct err *err)
{
    if (!is_ok)
        fail_msg("%s: %s", err_code_name(err->code), err->text);
}

static void empty_queue(const char *url)
{
    const struct pg_options options = {.url = url, .application_name = "exportq/test"};
    struct pg *pg = NULL;
    struct err err = {0};
    must(pg_open(&options, NULL, &pg, &err), &err);
    must(pg_do(pg,
               "set session_replication_role = replica; " /* the audit refuses it otherwise */
               "truncate exportq.job, exportq.audit, exportq.webhook, exportq.delivery "
               "restart identity; update exportq.counter set processed = 0, failed = 0, "
               "retried = 0, cancelled = 0, duration_ms = 0",
               ANSWER_MS, &err),
         &err);
    pg_close(pg);
}

static struct store *make(const struct store_options *options, const struct clock *clock,
                          struct hub *hub)
{
    const struct store_pg_options pg = {.url = test_database_url(),
                                        .application_name = "exportq/test",
                                        .max_connections = CONNECTIONS};
    struct store *store = NULL;
    struct err err = {0};
    int applied = 0;
    int tries = 1;
    /* a database beside a whole run of tests may be too slow for its first answers */
    while (!store_pg_migrate(pg.url, false, &applied, &err))
        must(tries++ < TRIES && err.code == ERR_UNAVAILABLE, &err);
    empty_queue(pg.url);
    while (!store_pg_open(options, &pg, clock, hub, &store, &err))
        must(tries++ < TRIES && err.code == ERR_UNAVAILABLE, &err);
    return store;
}

const struct store_case store_case = {"postgres", make, .is_serial = false};

bool store_case_is_here(void)
{
    return test_database_url() != NULL;
}
