/* SPDX-License-Identifier: Apache-2.0
 *
 * An export's transaction. All settings are local to it: behind a pooler the session is not ours.
 * The savepoint is there because the estimate must not cost the export: after an error PostgreSQL
 * takes no more statements but a rollback to it.
 */
#include "export/source_pg.h"

#include "base/clock.h"

enum { BEGIN_MS = 30000, END_MS = 10000, AFTER_DEADLINE_MS = 1000, MAX_NAME_BYTES = 63 };

static const struct pg_statement begin = {
    NULL,
    "begin isolation level repeatable read read only",
    0,
};

/* Values as the writers expect them; no limits but our own. */
static const struct pg_statement configure = {
    NULL,
    "select set_config('application_name', $1, true), set_config('statement_timeout', $2, true), "
    "set_config('idle_in_transaction_session_timeout', '0', true), "
    "set_config('client_encoding', 'UTF8', true), set_config('DateStyle', 'ISO, YMD', true), "
    "set_config('IntervalStyle', 'postgres', true), set_config('TimeZone', 'UTC', true), "
    "set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true), "
    "set_config('standard_conforming_strings', 'on', true)",
    2,
};

static const struct pg_statement savepoint = {NULL, "savepoint before_estimate", 0};

/* The database's own limit is a second line: our deadline comes first, and says what it is. */
static int64_t statement_timeout_ms(const struct stop *stop)
{
    if (!stop || !stop->deadline_ms)
        return 0;
    int64_t left_ms = stop->deadline_ms - clock_monotonic_ms() + AFTER_DEADLINE_MS;
    if (left_ms < 1)
        return 1;
    return left_ms < INT32_MAX ? left_ms : INT32_MAX;
}

bool pg_transaction_begin(struct pg *pg, struct str name, struct stop *stop, struct err *err)
{
    char application_name[MAX_NAME_BYTES + 1];
    char timeout[24];
    (void)snprintf(application_name, sizeof application_name, "%.*s", STR_ARG(name));
    (void)snprintf(timeout, sizeof timeout, "%lld", (long long)statement_timeout_ms(stop));
    const char *const values[] = {application_name, timeout};
    const struct pg_call calls[] = {{&begin, NULL}, {&configure, values}, {&savepoint, NULL}};
    PGresult *results[COUNT_OF(calls)];
    if (!pg_run_all(pg, calls, COUNT_OF(calls), BEGIN_MS, results, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(results); i++)
        PQclear(results[i]);
    return true;
}

/* Of the plan's first node, which is the whole. */
static bool rows_in_plan(const char *plan, int64_t *out)
{
    static const char key[] = "\"Plan Rows\": ";
    const char *at = strstr(plan, key);
    if (!at)
        return false;
    at += sizeof key - 1;
    return str_to_int64((struct str){at, strspn(at, "0123456789")}, out);
}

static bool explain(struct pg *pg, const struct pg_query *query, int64_t *out)
{
    struct err ignored; /* an estimate is not worth an export; what is wrong will show again */
    PGresult *row = NULL;
    if (!pg_start(pg, query, &ignored))
        return false;
    bool is_known = pg_next(pg, &row, &ignored) && row && rows_in_plan(PQgetvalue(row, 0, 0), out);
    PQclear(row);
    PGresult *more = NULL;
    while (is_known && pg_next(pg, &more, &ignored) && more)
        PQclear(more);
    pg_finish(pg);
    return is_known;
}

/* Runs SQL whose failure shows in the connection, or in the next statement. */
static void attempt(struct pg *pg, const char *sql)
{
    struct err ignored;
    bool is_done = pg_do(pg, sql, END_MS, &ignored);
    (void)is_done;
}

bool pg_transaction_estimate(struct pg *pg, const struct pg_query *query, int64_t *out)
{
    struct buf sql CLEANUP(buf_done);
    buf_init(&sql, SIZE_MAX);
    buf_add_text(&sql, "explain (format json) ");
    buf_add_text(&sql, query->sql);
    struct pg_query explained = *query;
    explained.sql = sql.ptr;
    bool is_known = explain(pg, &explained, out);
    if (PQtransactionStatus(pg_connection(pg)) == PQTRANS_INERROR)
        attempt(pg, "rollback to before_estimate");
    return is_known;
}

void pg_transaction_end(struct pg *pg)
{
    attempt(pg, "commit"); /* nothing was written */
}
