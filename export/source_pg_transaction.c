/* SPDX-License-Identifier: Apache-2.0
 *
 * An export's transaction: one round trip with its query, for a small export is mostly round trips.
 * All settings are local to it: behind a pooler the session is not ours.
 */
#include "export/source_pg.h"

#include "base/clock.h"

enum {
    BEGIN_MS = 30000,
    END_MS = 10000,
    ESTIMATE_MS = 2000,
    AFTER_DEADLINE_MS = 1000,
    MAX_NAME_BYTES = 63
};

/* Not prepared: nothing may come before it in its transaction. */
static const struct pg_statement begin = {
    NULL,
    "begin isolation level repeatable read read only",
    0,
};

/* Values as the writers expect them; no limits but our own. */
static const struct pg_statement configure = {
    "configure_export",
    "select set_config('application_name', $1, true), set_config('statement_timeout', $2, true), "
    "set_config('idle_in_transaction_session_timeout', '0', true), "
    "set_config('client_encoding', 'UTF8', true), set_config('DateStyle', 'ISO, YMD', true), "
    "set_config('IntervalStyle', 'postgres', true), set_config('TimeZone', 'UTC', true), "
    "set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true), "
    "set_config('standard_conforming_strings', 'on', true)",
    2,
};

/* The database's own limit is a second line: our deadline comes first, and says what it is. */
int64_t pg_transaction_timeout_ms(const struct stop *stop)
{
    if (!stop || !stop->deadline_ms)
        return 0;
    int64_t left_ms = stop->deadline_ms - clock_monotonic_ms() + AFTER_DEADLINE_MS;
    if (left_ms < 1)
        return 1;
    return left_ms < INT32_MAX ? left_ms : INT32_MAX;
}

/* The statements that open it. */
enum { OPENING = 2 };
struct opening {
    char application_name[MAX_NAME_BYTES + 1];
    char timeout[24];
    const char *values[2];
    struct pg_call calls[OPENING];
};

static void prepare_opening(struct str name, int64_t timeout_ms, struct opening *out)
{
    (void)snprintf(out->application_name, sizeof out->application_name, "%.*s", STR_ARG(name));
    (void)snprintf(out->timeout, sizeof out->timeout, "%lld", (long long)timeout_ms);
    out->values[0] = out->application_name;
    out->values[1] = out->timeout;
    out->calls[0] = (struct pg_call){&begin, NULL};
    out->calls[1] = (struct pg_call){&configure, out->values};
}

bool pg_transaction_start(struct pg *pg, struct str name, int64_t timeout_ms,
                          const struct pg_query *query, struct err *err)
{
    struct opening opening;
    prepare_opening(name, timeout_ms, &opening);
    const struct pg_frame frame = {opening.calls, OPENING, "commit"}; /* nothing was written */
    return pg_start_framed(pg, &frame, query, err);
}

bool pg_transaction_begin(struct pg *pg, struct str name, struct err *err)
{
    struct opening opening;
    PGresult *results[OPENING];
    prepare_opening(name, 0, &opening);
    if (!pg_run_all(pg, opening.calls, OPENING, BEGIN_MS, results, err))
        return false;
    for (size_t i = 0; i < OPENING; i++)
        PQclear(results[i]);
    return true;
}

void pg_transaction_end(struct pg *pg)
{
    struct err ignored;
    (void)!pg_do(pg, "rollback", END_MS, &ignored);
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

/* The plan is one row. */
static bool read_plan(struct pg *pg, int64_t *out)
{
    struct err ignored; /* an estimate is not worth an export */
    PGresult *row = NULL;
    PGresult *end = NULL;
    bool is_known = pg_next(pg, &row, &ignored) && row && rows_in_plan(PQgetvalue(row, 0, 0), out);
    bool is_whole = is_known && pg_next(pg, &end, &ignored);
    PQclear(end);
    PQclear(row);
    return is_whole;
}

bool pg_transaction_estimate(struct pg *pg, struct str name, const struct pg_query *query,
                             int64_t *out)
{
    struct err ignored;
    struct buf sql CLEANUP(buf_done);
    buf_init(&sql, SIZE_MAX);
    buf_add_text(&sql, "explain (format json) ");
    buf_add_text(&sql, query->sql);
    struct pg_query explained = *query;
    explained.sql = sql.ptr;
    bool is_known =
        pg_transaction_start(pg, name, ESTIMATE_MS, &explained, &ignored) && read_plan(pg, out);
    pg_finish(pg);
    return is_known;
}
