/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements in one round trip, by libpq's pipeline: all are sent, then one Sync, which ends the
 * transaction they are in; then their results come in order. After an error the rest is aborted.
 *
 * After a stream libpq (15) keeps its single-row mode for the first command of a pipeline: then a
 * Sync comes first, which has no rows.
 */
#include "pg/connection.h"

#include "base/mem.h"

/* What is being sent and has come back. */
struct pipeline {
    struct pg *pg;
    struct pg_patience patience;
    size_t prepared_before; /* how many were prepared before this one */
    bool is_unprepared;     /* the server does not know what we prepared, or knows it already */
};

static bool is_prepared(const struct pg *pg, const struct pg_statement *statement)
{
    for (size_t i = 0; i < pg->prepared_count; i++)
        if (pg->prepared[i] == statement)
            return true;
    return false;
}

static bool is_to_prepare(const struct pg *pg, const struct pg_statement *statement)
{
    return pg->is_preparing && statement->name &&
           (is_prepared(pg, statement) || pg->prepared_count < PG_MAX_PREPARED);
}

/* A prepared statement gets its plan in the transaction that prepares it, once and for all values;
 * and by index, be the tables as small as they are on the first day: the plan stays while they
 * grow. */
static const char plan_sql[] = "select set_config('plan_cache_mode', 'force_generic_plan', true), "
                               "set_config('enable_seqscan', 'off', true)";
enum { PREPARING_RESULTS = 2 };

/* Queues one statement, and its preparation before it if need be; *out_extra: how many results come
 * before its own. */
static bool send_call(struct pipeline *pipeline, const struct pg_call *call, int *out_extra)
{
    struct pg *pg = pipeline->pg;
    const struct pg_statement *statement = call->statement;
    *out_extra = 0;
    if (!is_to_prepare(pg, statement))
        return PQsendQueryParams(pg->connection, statement->sql, statement->value_count, NULL,
                                 call->values, NULL, NULL, 0);
    if (!is_prepared(pg, statement)) {
        if (!PQsendQueryParams(pg->connection, plan_sql, 0, NULL, NULL, NULL, NULL, 0) ||
            !PQsendPrepare(pg->connection, statement->name, statement->sql, 0, NULL))
            return false;
        pg->prepared[pg->prepared_count++] = statement;
        *out_extra = PREPARING_RESULTS;
    }
    return PQsendQueryPrepared(pg->connection, statement->name, statement->value_count,
                               call->values, NULL, NULL, 0);
}

/* What follows the error in the pipeline. */
static bool skip_to_sync(struct pipeline *pipeline)
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

static void note_failure(struct pipeline *pipeline, const PGresult *result, struct err *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    pipeline->is_unprepared =
        sqlstate && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0);
    (void)pg_fail(pipeline->pg, result, err);
}

/* Takes the one result of a statement and the NULL behind it. */
static bool take_one(struct pipeline *pipeline, PGresult **out, struct err *err)
{
    PGresult *result = NULL;
    PGresult *end = NULL;
    if (!pg_take_result(pipeline->pg, pipeline->patience, &result, err))
        return false;
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        note_failure(pipeline, result, err);
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

static bool skip_results(struct pipeline *pipeline, int count, struct err *err)
{
    for (int i = 0; i < count; i++) {
        PGresult *result = NULL;
        if (!take_one(pipeline, &result, err))
            return false;
        PQclear(result);
    }
    return true;
}

static bool take_sync(struct pipeline *pipeline, struct err *err)
{
    PGresult *sync = NULL;
    if (!pg_take_result(pipeline->pg, pipeline->patience, &sync, err))
        return false;
    bool is_sync = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
    if (!is_sync)
        note_failure(pipeline, sync, err);
    PQclear(sync);
    return is_sync;
}

static bool leave_row_by_row(struct pipeline *pipeline, struct err *err)
{
    if (!pipeline->pg->is_row_by_row)
        return true;
    pipeline->pg->is_row_by_row = false;
    return take_sync(pipeline, err);
}

static bool take_results(struct pipeline *pipeline, const int *extra, size_t count, PGresult **out,
                         struct err *err)
{
    if (!leave_row_by_row(pipeline, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!skip_results(pipeline, extra[i], err) || !take_one(pipeline, &out[i], err))
            return false;
    }
    return take_sync(pipeline, err); /* a failure: the commit itself was refused */
}

static bool begin_pipeline(struct pg *pg)
{
    return PQenterPipelineMode(pg->connection) == 1 &&
           (!pg->is_row_by_row || PQpipelineSync(pg->connection) == 1);
}

static bool send_all(struct pipeline *pipeline, const struct pg_call *calls, size_t count,
                     int *extra, struct err *err)
{
    PGconn *connection = pipeline->pg->connection;
    bool is_sent = begin_pipeline(pipeline->pg);
    for (size_t i = 0; is_sent && i < count; i++)
        is_sent = send_call(pipeline, &calls[i], &extra[i]);
    if (is_sent && PQpipelineSync(connection) == 1)
        return true;
    pipeline->pg->is_broken = true; /* half a pipeline is no use */
    return pg_fail(pipeline->pg, NULL, err);
}

static void clear_all(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}

static bool run_once(struct pipeline *pipeline, const struct pg_call *calls, size_t count,
                     PGresult **out, struct err *err)
{
    struct pg *pg = pipeline->pg;
    int *extra CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *extra);
    for (size_t i = 0; i < count; i++)
        out[i] = NULL;
    pipeline->prepared_before = pg->prepared_count;
    bool is_sent = send_all(pipeline, calls, count, extra, err);
    if (is_sent && take_results(pipeline, extra, count, out, err)) {
        (void)PQexitPipelineMode(pg->connection);
        return true;
    }
    clear_all(out, count);
    pg->prepared_count = pipeline->prepared_before; /* whether the new ones are there, who knows */
    if (!pg->is_broken && !(skip_to_sync(pipeline) && PQexitPipelineMode(pg->connection) == 1))
        pg->is_broken = true;
    return false;
}

bool pg_run_all(struct pg *pg, const struct pg_call *calls, size_t count, int64_t timeout_ms,
                PGresult **out, struct err *err)
{
    struct pipeline pipeline = {.pg = pg, .patience = pg_patience_of(pg, timeout_ms)};
    if (run_once(&pipeline, calls, count, out, err))
        return true;
    if (!pipeline.is_unprepared || pg->is_broken)
        return false;
    /* A pooler gave us another server connection than the one that we prepared on. */
    pg->is_preparing = false;
    pg->prepared_count = 0;
    return run_once(&pipeline, calls, count, out, err);
}

bool pg_run(struct pg *pg, const struct pg_statement *statement, const char *const *values,
            int64_t timeout_ms, PGresult **out, struct err *err)
{
    const struct pg_call call = {statement, values};
    return pg_run_all(pg, &call, 1, timeout_ms, out, err);
}

bool pg_do(struct pg *pg, const char *sql, int64_t timeout_ms, struct err *err)
{
    struct pg_patience patience = pg_patience_of(pg, timeout_ms);
    if (!PQsendQuery(pg->connection, sql))
        return pg_fail(pg, NULL, err);
    bool is_ok = true;
    for (;;) {
        PGresult *result = NULL;
        if (!pg_take_result(pg, patience, &result, err))
            return false;
        if (!result)
            return is_ok;
        ExecStatusType status = PQresultStatus(result);
        if (is_ok && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            is_ok = pg_fail(pg, result, err);
        PQclear(result);
    }
}

bool pg_describe(struct pg *pg, const struct pg_query *query, int64_t timeout_ms, PGresult **out,
                 struct err *err)
{
    struct pipeline pipeline = {.pg = pg, .patience = pg_patience_of(pg, timeout_ms)};
    bool is_sent = begin_pipeline(pg) &&
                   PQsendPrepare(pg->connection, "", query->sql,
                                 query->types ? query->value_count : 0, query->types) &&
                   PQsendDescribePrepared(pg->connection, "") &&
                   PQpipelineSync(pg->connection) == 1;
    static const int extra = 1; /* the preparation's result comes first */
    *out = NULL;
    if (!is_sent) {
        pg->is_broken = true;
        return pg_fail(pg, NULL, err);
    }
    if (take_results(&pipeline, &extra, 1, out, err)) {
        (void)PQexitPipelineMode(pg->connection);
        return true;
    }
    clear_all(out, 1);
    if (!pg->is_broken && !(skip_to_sync(&pipeline) && PQexitPipelineMode(pg->connection) == 1))
        pg->is_broken = true;
    return false;
}
