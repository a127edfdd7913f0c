/* SPDX-License-Identifier: Apache-2.0
 *
 * A result row by row, by libpq's single-row mode; and notifications.
 */
#include "pg/pipeline.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

enum { CANCEL_PATIENCE_MS = 2000 };

static struct pg_pipeline pipeline_of(struct pg *pg, struct pg_patience patience)
{
    return (struct pg_pipeline){
        .pg = pg, .patience = patience, .prepared_before = pg->prepared_count};
}

static bool send_frame(struct pg_pipeline *pipeline, const struct pg_frame *frame,
                       const struct pg_query *query, int *out_before)
{
    bool is_sent = pipeline_begin(pipeline);
    *out_before = 0;
    for (size_t i = 0; is_sent && i < frame->before_count; i++) {
        int extra = 0;
        is_sent = pipeline_send(pipeline, &frame->before[i], &extra);
        *out_before += extra + 1;
    }
    return is_sent &&
           PQsendQueryParams(pipeline->pg->connection, query->sql, query->value_count, query->types,
                             query->values, NULL, NULL, 0) &&
           (!frame->after || PQsendQueryParams(pipeline->pg->connection, frame->after, 0, NULL,
                                               NULL, NULL, NULL, 0)) &&
           pipeline_sync(pipeline);
}

static bool start_once(struct pg_pipeline *pipeline, const struct pg_frame *frame,
                       const struct pg_query *query, struct err *err)
{
    int before = 0;
    if (!send_frame(pipeline, frame, query, &before)) {
        pipeline->pg->is_broken = true; /* half a pipeline is no use */
        return pg_fail(pipeline->pg, NULL, err);
    }
    if (pipeline_skip(pipeline, before, err) && PQsetSingleRowMode(pipeline->pg->connection))
        return true;
    pipeline_abandon(pipeline);
    return false;
}

bool pg_start_framed(struct pg *pg, const struct pg_frame *frame, const struct pg_query *query,
                     struct err *err)
{
    assert(!pg->is_streaming);
    struct pg_pipeline pipeline = pipeline_of(pg, pg_patience_of(pg, PG_NO_TIMEOUT));
    (void)err_set(err, ERR_INTERNAL, "the database's rows do not come one by one");
    pg->is_streaming =
        start_once(&pipeline, frame, query, err) ||
        (pipeline_may_run_again(&pipeline) && start_once(&pipeline, frame, query, err));
    pg->has_after = frame->after;
    return pg->is_streaming;
}

bool pg_start(struct pg *pg, const struct pg_query *query, struct err *err)
{
    static const struct pg_frame none = {0};
    return pg_start_framed(pg, &none, query, err);
}

/* Behind the last row: the NULL that ends the query, what comes after it, the Sync. */
static bool take_end(struct pg_pipeline *pipeline, struct err *err)
{
    PGresult *end = NULL;
    if (!pg_take_result(pipeline->pg, pipeline->patience, &end, err))
        return false;
    PQclear(end);
    return (!pipeline->pg->has_after || pipeline_skip(pipeline, 1, err)) &&
           pipeline_end(pipeline, err);
}

bool pg_next(struct pg *pg, PGresult **out, struct err *err)
{
    struct pg_pipeline pipeline = pipeline_of(pg, pg_patience_of(pg, PG_NO_TIMEOUT));
    PGresult *result = NULL;
    *out = NULL;
    if (!pg_take_result(pg, pipeline.patience, &result, err))
        return false;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_SINGLE_TUPLE) {
        *out = result;
        return true;
    }
    pg->is_streaming = false;
    bool is_end = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK; /* after the last row */
    if (!is_end)
        (void)pg_fail(pg, result, err);
    PQclear(result);
    if (is_end && take_end(&pipeline, err))
        return true;
    pipeline_abandon(&pipeline);
    return false;
}

void pg_finish(struct pg *pg)
{
    if (!pg->is_streaming)
        return;
    struct pg_pipeline pipeline = pipeline_of(pg, pg_patience(CANCEL_PATIENCE_MS, NULL));
    pg->is_streaming = false;
    if (pg->is_broken)
        return;
    pg_cancel(pg);
    pipeline_abandon(&pipeline);
}

bool pg_wait(struct pg *pg, int wake_fd, int64_t timeout_ms, struct err *err)
{
    struct pollfd files[] = {{.fd = PQsocket(pg->connection), .events = POLLIN},
                             {.fd = wake_fd, .events = POLLIN}};
    int ready = poll(files, COUNT_OF(files), (int)timeout_ms);
    if (ready < 0 && errno != EINTR) {
        pg->is_broken = true;
        return pg_fail(pg, NULL, err);
    }
    if (ready > 0 && files[0].revents && !PQconsumeInput(pg->connection))
        return pg_fail(pg, NULL, err);
    return true;
}

PGnotify *pg_notification(struct pg *pg)
{
    return PQnotifies(pg->connection);
}
