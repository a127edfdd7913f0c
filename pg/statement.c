/* SPDX-License-Identifier: Apache-2.0
 *
 * Statements in one round trip and one transaction, which the Sync behind them ends.
 */
#include "pg/pipeline.h"

#include "base/mem.h"

static bool send_all(struct pg_pipeline *pipeline, const struct pg_call *calls, size_t count,
                     int *extra, struct err *err)
{
    bool is_sent = pipeline_begin(pipeline);
    for (size_t i = 0; is_sent && i < count; i++)
        is_sent = pipeline_send(pipeline, &calls[i], &extra[i]);
    if (is_sent && pipeline_sync(pipeline))
        return true;
    pipeline->pg->is_broken = true; /* half a pipeline is no use */
    return pg_fail(pipeline->pg, NULL, err);
}

static bool take_all(struct pg_pipeline *pipeline, const int *extra, size_t count, PGresult **out,
                     struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!pipeline_skip(pipeline, extra[i], err) || !pipeline_take(pipeline, &out[i], err))
            return false;
    return pipeline_end(pipeline, err);
}

static bool run_once(struct pg_pipeline *pipeline, const struct pg_call *calls, size_t count,
                     PGresult **out, struct err *err)
{
    int *extra CLEANUP(mem_free_ptr) = mem_new_array(count, sizeof *extra);
    for (size_t i = 0; i < count; i++)
        out[i] = NULL;
    if (send_all(pipeline, calls, count, extra, err) && take_all(pipeline, extra, count, out, err))
        return true;
    for (size_t i = 0; i < count; i++) {
        PQclear(out[i]);
        out[i] = NULL;
    }
    pipeline_abandon(pipeline);
    return false;
}

bool pg_run_all(struct pg *pg, const struct pg_call *calls, size_t count, int64_t timeout_ms,
                PGresult **out, struct err *err)
{
    struct pg_pipeline pipeline = {.pg = pg, .patience = pg_patience_of(pg, timeout_ms)};
    return run_once(&pipeline, calls, count, out, err) ||
           (pipeline_may_run_again(&pipeline) && run_once(&pipeline, calls, count, out, err));
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
    struct pg_pipeline pipeline = {.pg = pg, .patience = pg_patience_of(pg, timeout_ms)};
    const Oid *types = query->types;
    bool is_sent =
        pipeline_begin(&pipeline) &&
        PQsendPrepare(pg->connection, "", query->sql, types ? query->value_count : 0, types) &&
        PQsendDescribePrepared(pg->connection, "") && pipeline_sync(&pipeline);
    *out = NULL;
    if (!is_sent) {
        pg->is_broken = true;
        return pg_fail(pg, NULL, err);
    }
    if (pipeline_skip(&pipeline, 1, err) && pipeline_take(&pipeline, out, err) &&
        pipeline_end(&pipeline, err))
        return true;
    PQclear(*out);
    *out = NULL;
    pipeline_abandon(&pipeline);
    return false;
}
