/* SPDX-License-Identifier: Apache-2.0
 *
 * See pipeline.h.
 */
#include "pg/pipeline.h"

enum { PLAN_GROWTH = 8, NAME_SIZE = 64, SHORT_MS = 5000 };

bool pipeline_begin(struct pg_pipeline *pipeline)
{
    pipeline->prepared_before = pipeline->pg->prepared_count;
    return PQenterPipelineMode(pipeline->pg->connection) == 1;
}

/* NULL: it is not prepared. */
static struct pg_prepared *find_prepared(struct pg *pg, const struct pg_statement *statement)
{
    for (size_t i = 0; i < pg->prepared_count; i++)
        if (pg->prepared[i].statement == statement)
            return &pg->prepared[i];
    return NULL;
}

/* The server plans a prepared statement once, for tables as large as they are then; one that was
 * planned while a table was empty walks through it for ever. So it is prepared again after 8 uses,
 * 64, 512 …: as often as the tables can have grown much. */
static bool is_worn(const struct pg_prepared *prepared)
{
    unsigned uses = prepared->uses;
    while (uses > 1 && uses % PLAN_GROWTH == 0)
        uses /= PLAN_GROWTH;
    return uses == 1 && prepared->uses > 1;
}

static bool send_deallocate(struct pg *pg, const char *name)
{
    char sql[NAME_SIZE + sizeof "deallocate "];
    (void)snprintf(sql, sizeof sql, "deallocate %s", name);
    return PQsendQueryParams(pg->connection, sql, 0, NULL, NULL, NULL, NULL, 0);
}

/* Queues the preparation of a statement where it is due; *out_extra: how many results it has. */
static bool prepare(struct pg *pg, const struct pg_statement *statement, int *out_extra)
{
    struct pg_prepared *prepared = find_prepared(pg, statement);
    bool is_new = !prepared;
    if (is_new) {
        prepared = &pg->prepared[pg->prepared_count++];
        *prepared = (struct pg_prepared){.statement = statement};
    }
    prepared->uses++;
    bool is_again = !is_new && is_worn(prepared);
    *out_extra = is_new + 2 * is_again;
    return (!is_again || send_deallocate(pg, statement->name)) &&
           (!(is_new || is_again) ||
            PQsendPrepare(pg->connection, statement->name, statement->sql, 0, NULL));
}

bool pipeline_send(struct pg_pipeline *pipeline, const struct pg_call *call, int *out_extra)
{
    struct pg *pg = pipeline->pg;
    const struct pg_statement *statement = call->statement;
    bool is_to_prepare = pg->is_preparing && statement->name &&
                         (find_prepared(pg, statement) || pg->prepared_count < PG_MAX_PREPARED);
    *out_extra = 0;
    if (!is_to_prepare)
        return PQsendQueryParams(pg->connection, statement->sql, statement->value_count, NULL,
                                 call->values, NULL, NULL, 0);
    return prepare(pg, statement, out_extra) &&
           PQsendQueryPrepared(pg->connection, statement->name, statement->value_count,
                               call->values, NULL, NULL, 0);
}

/* What follows the error in the pipeline. */
static bool skip_to_sync(struct pg_pipeline *pipeline)
{
    struct err ignored; /* the first error is the one that is told */
    for (;;) {
        PGresult *result = NULL;
        if (!pg_take_result(pipeline->pg, pipeline->patience, &result, &ignored))
            return false;
        bool is_sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        bool is_over = !result && PQstatus(pipeline->pg->connection) != CONNECTION_OK;
        PQclear(result);
        if (is_sync || is_over)
            return is_sync;
    }
}

void pipeline_note(struct pg_pipeline *pipeline, const PGresult *result, struct err *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    pipeline->is_unprepared =
        sqlstate && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0);
    /* "cached plan must not change result type": a migration added a column meanwhile */
    pipeline->is_outdated = sqlstate && strcmp(sqlstate, "0A000") == 0;
    (void)pg_fail(pipeline->pg, result, err);
}

bool pipeline_take(struct pg_pipeline *pipeline, PGresult **out, struct err *err)
{
    PGresult *result = NULL;
    PGresult *end = NULL;
    if (!pg_take_result(pipeline->pg, pipeline->patience, &result, err))
        return false;
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        pipeline_note(pipeline, result, err);
        PQclear(result);
        return false;
    }
    if (!pg_take_result(pipeline->pg, pipeline->patience, &end, err)) {
        PQclear(result);
        return false;
    }
    PQclear(end);
    *out = result;
    return true;
}

bool pipeline_skip(struct pg_pipeline *pipeline, int count, struct err *err)
{
    for (int i = 0; i < count; i++) {
        PGresult *result = NULL;
        if (!pipeline_take(pipeline, &result, err))
            return false;
        PQclear(result);
    }
    return true;
}

bool pipeline_end(struct pg_pipeline *pipeline, struct err *err)
{
    PGresult *sync = NULL;
    if (!pg_take_result(pipeline->pg, pipeline->patience, &sync, err))
        return false;
    bool is_sync = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    if (!is_sync)
        pipeline_note(pipeline, sync, err);
    PQclear(sync);
    return is_sync && PQexitPipelineMode(pipeline->pg->connection) == 1;
}

bool pipeline_sync(struct pg_pipeline *pipeline)
{
    return PQpipelineSync(pipeline->pg->connection) == 1;
}

void pipeline_abandon(struct pg_pipeline *pipeline)
{
    struct pg *pg = pipeline->pg;
    pg->prepared_count = pipeline->prepared_before; /* whether the new ones are there, who knows */
    if (!pg->is_broken && !(skip_to_sync(pipeline) && PQexitPipelineMode(pg->connection) == 1))
        pg->is_broken = true;
}

bool pipeline_may_run_again(const struct pg_pipeline *pipeline)
{
    struct pg *pg = pipeline->pg;
    struct err ignored;
    bool is_outdated = pipeline->is_outdated && pg->prepared_count > 0;
    if (!(pipeline->is_unprepared || is_outdated) || pg->is_broken)
        return false;
    pg->is_preparing = is_outdated;
    pg->prepared_count = 0;
    /* a `begin` among the statements left its transaction open, and failed */
    bool is_idle = PQtransactionStatus(pg->connection) != PQTRANS_INERROR ||
                   pg_do(pg, "rollback", SHORT_MS, &ignored);
    return is_idle && (!is_outdated || pg_do(pg, "deallocate all", SHORT_MS, &ignored));
}
