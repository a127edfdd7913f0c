/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo journal in PostgreSQL: the schema of sql/journal/, unless the tables are there and
 * empty, then the rows. All is one transaction.
 */
#include "server/demo_journal.h"

#include "base/buf.h"
#include "pg/pg.h"

#include "journal_postgres.h"

enum { STATEMENT_MS = 60000 };

static const char *const tables[] = {
    "User", "Instrument", "Trade", "TradeTag", "TradeTagOnTrade", "Goal", "PropEvaluation"};

/* Runs what is written to it. */
struct pg_sink {
    struct sink sink;
    struct pg *pg;
};

/* What the database says goes to the operator, who asked for the demo. */
static bool tell(const struct pg *pg, struct err *err)
{
    const char *message = pg_error_message(pg);
    if (!message[0])
        return false;
    return err_set(err, err->code, "the demo journal could not be loaded: %s", message);
}

static bool run_statement(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    const struct pg_sink *to = CONTAINER_OF(sink, struct pg_sink, sink);
    struct buf sql CLEANUP(buf_done);
    buf_init(&sql, SIZE_MAX);
    buf_add(&sql, bytes, len);
    return pg_do(to->pg, sql.ptr, STATEMENT_MS, err) || tell(to->pg, err);
}

/* A question to which the answer is true or false. */
static bool ask(struct pg *pg, const char *sql, bool *out, struct err *err)
{
    const struct pg_query query = {.sql = sql};
    PGresult *row = NULL;
    PGresult *end = NULL;
    bool is_told =
        pg_start(pg, &query, err) && pg_next(pg, &row, err) && row && pg_next(pg, &end, err);
    if (is_told)
        *out = PQgetvalue(row, 0, 0)[0] == 't';
    PQclear(row);
    PQclear(end);
    pg_finish(pg);
    return is_told || tell(pg, err);
}

static bool check_empty(struct pg *pg, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct buf sql CLEANUP(buf_done);
        bool has_rows = false;
        buf_init(&sql, SIZE_MAX);
        buf_printf(&sql, "select exists (select from \"%s\")", tables[i]);
        if (!ask(pg, sql.ptr, &has_rows, err))
            return false;
        if (has_rows)
            return err_set(err, ERR_EXISTS,
                           "the database holds a journal already (\"%s\" has rows); give the demo "
                           "an empty database",
                           tables[i]);
    }
    return true;
}

/* Two that load at once take turns; the second finds what the first did. */
static bool begin(struct pg *pg, struct err *err)
{
    static const char sql[] =
        "begin; select pg_advisory_xact_lock(hashtext('exportq demo journal'));"
        " set local standard_conforming_strings = on; "
        "set local client_min_messages = warning";
    return pg_do(pg, sql, STATEMENT_MS, err) || tell(pg, err);
}

static bool load(struct pg *pg, struct err *err)
{
    struct pg_sink sink = {{run_statement}, pg};
    bool has_tables = false;
    return begin(pg, err) &&
           ask(pg, "select to_regclass('\"Trade\"') is not null", &has_tables, err) &&
           (has_tables ? check_empty(pg, err)
                       : run_statement(&sink.sink, journal_postgres, journal_postgres_size, err)) &&
           demo_journal_rows(&sink.sink, err) &&
           run_statement(&sink.sink, "analyze", strlen("analyze"), err) &&
           run_statement(&sink.sink, "commit", strlen("commit"), err);
}

bool demo_journal_load(const char *url, struct err *err)
{
    const struct pg_options options = {.url = url, .application_name = "exportq/demo"};
    struct pg *pg = NULL;
    if (!pg_open(&options, NULL, &pg, err))
        return false;
    bool is_loaded = load(pg, err);
    pg_close(pg); /* rolls back what was not committed */
    return is_loaded;
}
