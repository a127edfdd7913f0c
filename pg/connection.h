/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a connection, for the files of pg/ only; others use pg/pg.h.
 *
 *     connection.c  connecting, waiting, closing
 *     cancel.c      cancelling
 *     pipeline.h    several statements in one round trip
 *     statement.c   their results whole
 *     stream.c      a result row by row; notifications
 */
#ifndef PG_CONNECTION_H
#define PG_CONNECTION_H

#include "pg/pg.h"

enum { PG_MAX_PREPARED = 64, PG_MESSAGE_SIZE = 256, PG_SQLSTATE_SIZE = 6 };

/* A statement that the server knows by its name. */
struct pg_prepared {
    const struct pg_statement *statement;
    unsigned uses;
};

struct pg {
    PGconn *connection;
    struct stop *stop; /* may be NULL */
    bool is_preparing;
    bool is_hasty;
    bool is_broken;
    bool is_streaming; /* rows are to come */
    bool has_after;    /* and behind them a statement's result */
    struct pg_prepared prepared[PG_MAX_PREPARED];
    size_t prepared_count;
    char message[PG_MESSAGE_SIZE]; /* of the last failure */
    int position;
    char sqlstate[PG_SQLSTATE_SIZE];
};

/* How long to wait, and for whom. */
struct pg_patience {
    int64_t until_ms;  /* monotonic; INT64_MAX: without end */
    struct stop *stop; /* may be NULL */
};

/* At most `timeout_ms` from now; PG_NO_TIMEOUT: without end. */
struct pg_patience pg_patience(int64_t timeout_ms, struct stop *stop);

/* The same, with the connection's stop. */
struct pg_patience pg_patience_of(const struct pg *pg, int64_t timeout_ms);

/* Waits until the socket is ready for `events` (POLLIN…), or until patience ends: then what runs is
 * cancelled in the database and the connection is broken. */
bool pg_wait_socket(struct pg *pg, short events, struct pg_patience patience, struct err *err);

/* Sends what is queued, waits for the next result; *out may be NULL, as PQgetResult's. */
bool pg_take_result(struct pg *pg, struct pg_patience patience, PGresult **out, struct err *err);

/* Tells what a failed result, or the connection if it is NULL, has to say. Returns false. */
bool pg_fail(struct pg *pg, const PGresult *result, struct err *err);

/* Asks the database to end what runs; waits a second for it at most. */
void pg_cancel(struct pg *pg);

#endif
