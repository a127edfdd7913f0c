/* SPDX-License-Identifier: Apache-2.0
 *
 * See connection.h. libpq never blocks here: each wait is a poll of ours, of a tenth of a second at
 * most where somebody may wish us to stop. (Looking up a host's name does block, in libpq.)
 */
#include "pg/connection.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pg/sqlstate.h"

#include <errno.h>
#include <poll.h>

enum { LOOK_UP_MS = 100, REASON_SIZE = 160 };

struct pg_patience pg_patience(int64_t timeout_ms, struct stop *stop)
{
    int64_t until_ms = timeout_ms == PG_NO_TIMEOUT ? INT64_MAX : clock_monotonic_ms() + timeout_ms;
    return (struct pg_patience){until_ms, stop};
}

struct pg_patience pg_patience_of(const struct pg *pg, int64_t timeout_ms)
{
    return pg_patience(timeout_ms, pg->stop);
}

bool pg_fail(struct pg *pg, const PGresult *result, struct err *err)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *position = result ? PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) : NULL;
    (void)snprintf(pg->message, sizeof pg->message, "%s", message ? message : "");
    (void)snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", sqlstate ? sqlstate : "");
    int64_t place = 0;
    pg->position = position && str_to_int64(str_of(position), &place) ? (int)place : 0;
    pg->is_broken |= PQstatus(pg->connection) != CONNECTION_OK;
    return sqlstate_fail(sqlstate, message, err);
}

/* Gives up on what runs. */
static bool give_up(struct pg *pg, struct pg_patience patience, struct err *err)
{
    if (!pg->is_hasty && PQtransactionStatus(pg->connection) == PQTRANS_ACTIVE)
        pg_cancel(pg);
    pg->is_broken = true;
    if (!stop_check(patience.stop, err))
        return false;
    return err_set(err, ERR_SOURCE_UNAVAILABLE, "the database did not answer in time");
}

/* Milliseconds to wait at most before patience is asked again; 0: it has ended. */
static int next_look(struct pg_patience patience)
{
    int64_t left_ms = patience.until_ms - clock_monotonic_ms();
    if (left_ms <= 0 || stop_reason(patience.stop) != STOP_NONE)
        return 0;
    int64_t most_ms = patience.stop ? LOOK_UP_MS : INT32_MAX;
    return (int)(left_ms < most_ms ? left_ms : most_ms);
}

bool pg_wait_socket(struct pg *pg, short events, struct pg_patience patience, struct err *err)
{
    struct pollfd socket = {.fd = PQsocket(pg->connection), .events = events};
    for (;;) {
        int look_ms = next_look(patience);
        if (look_ms == 0)
            return give_up(pg, patience, err);
        int ready = poll(&socket, 1, look_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR) {
            pg->is_broken = true;
            return pg_fail(pg, NULL, err);
        }
    }
}

/* Sends all that is queued, taking what comes meanwhile. */
static bool flush(struct pg *pg, struct pg_patience patience, struct err *err)
{
    int left = 0;
    while ((left = PQflush(pg->connection)) > 0) {
        if (!pg_wait_socket(pg, POLLIN | POLLOUT, patience, err))
            return false;
        if (!PQconsumeInput(pg->connection))
            return pg_fail(pg, NULL, err);
    }
    return left == 0 || pg_fail(pg, NULL, err);
}

bool pg_take_result(struct pg *pg, struct pg_patience patience, PGresult **out, struct err *err)
{
    bool is_flushed = false;
    while (PQisBusy(pg->connection)) { /* once for most rows */
        if (!is_flushed && !flush(pg, patience, err))
            return false;
        if (is_flushed && !pg_wait_socket(pg, POLLIN, patience, err))
            return false;
        if (is_flushed && !PQconsumeInput(pg->connection))
            return pg_fail(pg, NULL, err);
        is_flushed = true;
    }
    *out = PQgetResult(pg->connection);
    return true;
}

/* ---- Connecting ---- */

static void ignore_notice(void *target, const char *message)
{
    (void)target;
    (void)message;
}

/* What a server says that is there but does not want us. Its messages may be translated: then it
 * counts as away, and we come again. */
static bool is_refusal(const char *reason)
{
    static const char *const words[] = {"authentication failed", "pg_hba.conf",
                                        "does not exist",        "permission denied",
                                        "no password supplied",  "not permitted to log in"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(reason, words[i]))
            return true;
    return false;
}

/* libpq names the host first, `connection to server at "HOST", port N failed: REASON`, and gives
 * advice in further lines. */
static bool refuse_connection(const PGconn *connection, struct err *err)
{
    const char *message = PQerrorMessage(connection);
    const char *failed = strstr(message, "failed: ");
    const char *from = failed ? failed + strlen("failed: ") : message;
    const char *fatal = strstr(from, "FATAL:  ");
    from = fatal ? fatal + strlen("FATAL:  ") : from;
    char reason[REASON_SIZE];
    (void)snprintf(reason, sizeof reason, "%.*s", (int)strcspn(from, "\n"), from);
    if (is_refusal(reason))
        return err_set(err, ERR_SOURCE_DENIED, "the database refuses the connection: %s", reason);
    return err_set(err, ERR_SOURCE_UNAVAILABLE, "the database cannot be reached: %s", reason);
}

/* libpq is told not to hang where it can be told. */
static PGconn *begin_connection(const struct pg_options *options)
{
    const char *const keys[] = {"dbname",
                                "application_name",
                                "client_encoding",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                NULL};
    const char *const values[] = {
        options->url, options->application_name, "UTF8", "5", "2", "3", "10000", NULL};
    return PQconnectStartParams(keys, values, 1);
}

static bool finish_connection(struct pg *pg, struct pg_patience patience, struct err *err)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED || PQstatus(pg->connection) == CONNECTION_BAD)
            return refuse_connection(pg->connection, err);
        short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!pg_wait_socket(pg, events, patience, err))
            return false;
        wanted = PQconnectPoll(pg->connection);
    }
    return true;
}

static bool check_url(const char *url, struct err *err)
{
    char *ignored = NULL; /* it quotes the URL */
    PQconninfoOption *parts = PQconninfoParse(url, &ignored);
    bool is_url = parts && (str_starts_with(str_of(url), STR("postgres://")) ||
                            str_starts_with(str_of(url), STR("postgresql://")));
    PQconninfoFree(parts);
    PQfreemem(ignored);
    return is_url || err_set(err, ERR_INVALID,
                             "the database's URL cannot be read; write "
                             "postgres://USER@HOST:PORT/DATABASE");
}

bool pg_open(const struct pg_options *options, struct stop *stop, struct pg **out, struct err *err)
{
    if (!check_url(options->url, err))
        return false;
    struct pg *pg = mem_new(struct pg);
    pg->connection = begin_connection(options);
    pg->is_preparing = options->is_preparing;
    pg->is_hasty = options->haste_ms > 0;
    int64_t timeout_ms = pg->is_hasty ? options->haste_ms : PG_CONNECT_TIMEOUT_MS;
    if (!finish_connection(pg, pg_patience(timeout_ms, stop), err) ||
        PQsetnonblocking(pg->connection, 1) != 0) {
        pg_close(pg);
        return false;
    }
    (void)PQsetNoticeProcessor(pg->connection, ignore_notice, NULL);
    *out = pg;
    return true;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    if (!pg->is_broken && PQtransactionStatus(pg->connection) == PQTRANS_ACTIVE)
        pg_cancel(pg);
    PQfinish(pg->connection);
    free(pg);
}

bool pg_is_broken(const struct pg *pg)
{
    return pg->is_broken || pg->is_streaming || PQtransactionStatus(pg->connection) != PQTRANS_IDLE;
}

void pg_set_stop(struct pg *pg, struct stop *stop)
{
    pg->stop = stop;
}

const char *pg_error_message(const struct pg *pg)
{
    return pg->message;
}

int pg_error_position(const struct pg *pg)
{
    return pg->position;
}

const char *pg_error_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

PGconn *pg_connection(struct pg *pg)
{
    return pg->connection;
}
