/* SPDX-License-Identifier: Apache-2.0
 *
 * A result row by row, by libpq's single-row mode; and notifications.
 */
#include "pg/connection.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

enum { CANCEL_PATIENCE_MS = 2000 };

bool pg_start(struct pg *pg, const struct pg_query *query, struct err *err)
{
    assert(!pg->is_streaming);
    if (!PQsendQueryParams(pg->connection, query->sql, query->value_count, query->types,
                           query->values, NULL, NULL, 0) ||
        !PQsetSingleRowMode(pg->connection))
        return pg_fail(pg, NULL, err);
    pg->is_streaming = true;
    pg->is_row_by_row = true;
    return true;
}

/* Takes what is left of a query that has ended, up to the NULL that libpq ends it with. */
static bool take_rest(struct pg *pg, struct pg_patience patience, struct err *err)
{
    PGresult *result = NULL;
    do {
        PQclear(result);
        if (!pg_take_result(pg, patience, &result, err))
            return false;
    } while (result);
    return true;
}

bool pg_next(struct pg *pg, PGresult **out, struct err *err)
{
    PGresult *result = NULL;
    struct pg_patience patience = pg_patience_of(pg, PG_NO_TIMEOUT);
    *out = NULL;
    if (!pg_take_result(pg, patience, &result, err))
        return false;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_SINGLE_TUPLE) {
        *out = result;
        return true;
    }
    bool is_end = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK; /* after the last row */
    struct err ignored; /* the first error is the one that is told */
    if (!is_end)
        (void)pg_fail(pg, result, err);
    PQclear(result);
    bool is_over = take_rest(pg, patience, is_end ? err : &ignored);
    return is_end && is_over;
}

void pg_finish(struct pg *pg)
{
    if (!pg->is_streaming)
        return;
    pg->is_streaming = false;
    if (pg->is_broken)
        return;
    if (PQtransactionStatus(pg->connection) == PQTRANS_ACTIVE)
        pg_cancel(pg);
    struct pg_patience patience = pg_patience(CANCEL_PATIENCE_MS, NULL);
    struct err ignored;
    pg->is_broken |= !take_rest(pg, patience, &ignored);
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
