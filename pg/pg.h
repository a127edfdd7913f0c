/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection to PostgreSQL through libpq, non-blocking underneath: no call waits longer than it
 * says, and one whose result nobody wants any more is cancelled in the database. A connection has
 * one thread at a time; hand it to another only through pg/pool.h.
 *
 *     pg_open → pg_run | pg_run_all | pg_start … pg_next × n … pg_finish → pg_close
 *
 * Errors are of the SOURCE_ classes, by SQLSTATE and by cause (pg/sqlstate.h), with a text that
 * holds no SQL and no row. After an error in the connection itself pg_is_broken says so, and all
 * that is left to do is to close it.
 *
 * Works through PgBouncer in transaction mode: no parameter is set for the session, statements are
 * prepared only if `is_preparing`, and where that turns out not to work (the pooler moved us) they
 * are sent whole from then on.
 */
#ifndef PG_PG_H
#define PG_PG_H

#include "base/stop.h"
#include "base/str.h"

#include <libpq-fe.h>

struct pg;

struct pg_options {
    const char *url; /* postgres://… or postgresql://…; libpq's environment counts for nothing that
                        it says */
    const char *application_name; /* as pg_stat_activity shows it; cut at 63 bytes */
    bool is_preparing;            /* named statements are kept prepared on the connection */
    int64_t haste_ms; /* 0, or: connecting takes no longer, and what is given up is not cancelled,
                         for which there is no time, but left behind with the connection */
};

enum {
    PG_CONNECT_TIMEOUT_MS = 5000,
    PG_TCP_TIMEOUT_MS = 10000, /* tcp_user_timeout; keepalives come as fast */
    PG_NO_TIMEOUT = 0,
};

/* Connects, within PG_CONNECT_TIMEOUT_MS if there is no haste. `stop` may be NULL.
 * ERR_SOURCE_UNAVAILABLE: nobody is there, or too many are; ERR_SOURCE_DENIED: it refuses us;
 * ERR_INVALID: a URL that libpq cannot read (the text does not quote it: it may hold a password).
 */
bool pg_open(const struct pg_options *options, struct stop *stop, struct pg **out,
             struct err *err) MUST_CHECK;

/* Closes; what still runs there is cancelled first. Accepts NULL. */
void pg_close(struct pg *pg);

/* Whether the connection itself failed, or was left in the middle of something: a query, a
 * transaction. */
bool pg_is_broken(const struct pg *pg);

/* Who is asked, ten times a second, in all that waits from now on; NULL, as after pg_open: nobody.
 * When it wishes so, what runs is cancelled in the database, and the error is stop's. */
void pg_set_stop(struct pg *pg, struct stop *stop);

/* What the server said of the statement that failed last, for texts that go to an operator: its
 * primary message, the place in the SQL, a character counted from 1, and the SQLSTATE; "", 0 and ""
 * if it said nothing. Until the next call. */
const char *pg_error_message(const struct pg *pg);
int pg_error_position(const struct pg *pg);
const char *pg_error_sqlstate(const struct pg *pg);

/* ---- Statements ---- */

/* One SQL statement. `name` prepares it under that name where the connection prepares; NULL: never.
 * Static: it outlives the connection. */
struct pg_statement {
    const char *name;
    const char *sql;
    int value_count;
};

/* A statement with its values, as text; NULL is NULL. */
struct pg_call {
    const struct pg_statement *statement;
    const char *const *values;
};

/* Runs one statement in a transaction of its own. *out is to be PQclear'ed by the caller. At most
 * `timeout_ms` (PG_NO_TIMEOUT: none), then it is cancelled: ERR_SOURCE_UNAVAILABLE. */
bool pg_run(struct pg *pg, const struct pg_statement *statement, const char *const *values,
            int64_t timeout_ms, PGresult **out, struct err *err) MUST_CHECK;

/* Runs statements in one round trip and one transaction: all or none. out[i] is the result of
 * calls[i]; on failure there is none. */
bool pg_run_all(struct pg *pg, const struct pg_call *calls, size_t count, int64_t timeout_ms,
                PGresult **out, struct err *err) MUST_CHECK;

/* Runs SQL without values, several statements if need be ("BEGIN …; SET LOCAL …"), and forgets what
 * they give. */
bool pg_do(struct pg *pg, const char *sql, int64_t timeout_ms, struct err *err) MUST_CHECK;

/* SQL that is known only when it runs, with its values, as text; NULL is NULL. */
struct pg_query {
    const char *sql;
    int value_count;
    const Oid *types; /* of the parameters; 0, or NULL for all: as the server finds */
    const char *const *values;
};

/* Takes the columns and parameters of a statement from the database without running it, as
 * PQdescribePrepared gives them. The query's values are not looked at. */
bool pg_describe(struct pg *pg, const struct pg_query *query, int64_t timeout_ms, PGresult **out,
                 struct err *err) MUST_CHECK;

/* ---- A result row by row ---- */

/* Begins a query whose rows come one at a time (single-row mode, text). */
bool pg_start(struct pg *pg, const struct pg_query *query, struct err *err) MUST_CHECK;

/* What is run around a query in the same round trip: `before`, whose results are forgotten, and
 * `after` (may be NULL) behind its last row. An error in one of them leaves out all that follows.
 */
struct pg_frame {
    const struct pg_call *before;
    size_t before_count;
    const char *after;
};
bool pg_start_framed(struct pg *pg, const struct pg_frame *frame, const struct pg_query *query,
                     struct err *err) MUST_CHECK;

/* The next row, to be PQclear'ed; NULL after the last. Waits as long as it takes. */
bool pg_next(struct pg *pg, PGresult **out, struct err *err) MUST_CHECK;

/* Ends the query that was started, also in the middle: it is cancelled in the database then. */
void pg_finish(struct pg *pg);

/* ---- For LISTEN ---- */

/* Waits for notifications at most `timeout_ms`, or until `wake_fd` (-1: none) is readable; then
 * takes the next with pg_notification until NULL. PQfreemem each. */
bool pg_wait(struct pg *pg, int wake_fd, int64_t timeout_ms, struct err *err) MUST_CHECK;
PGnotify *pg_notification(struct pg *pg);

/* ---- For whoever needs more of libpq ---- */

/* The connection, for PQescape… and for what a server says of itself. Not for queries. */
PGconn *pg_connection(struct pg *pg);

#endif
