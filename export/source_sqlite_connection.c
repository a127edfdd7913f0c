/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection that can only read. Read-only is said four times, to the file, to the connection, by
 * query_only and by the authorizer, since a type file is the one piece of SQL that is not ours.
 * Whoever works is asked every thousand instructions of SQLite's machine, and while it waits for a
 * lock, whether to go on.
 */
#include "export/source_sqlite.h"

#include "base/clock.h"
#include "base/mem.h"

enum {
    INSTRUCTIONS_PER_CHECK = 1000,
    BUSY_WAIT_MS = 2000,
    BUSY_STEP_MS = 10,
    PRIMARY_CODE_MASK = 0xFF
};

char *sqlite_plain_path(struct str path, const char *suffix)
{
    struct buf plain;
    buf_init(&plain, SIZE_MAX);
    buf_add_text(&plain, str_starts_with(path, STR("/")) ? "" : "./");
    buf_add_str(&plain, path);
    buf_add_text(&plain, suffix);
    return plain.ptr;
}

static const struct {
    int option;
    int value;
} settings[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    /* "nmae" is then a column that does not exist, not the text 'nmae'. */
    {SQLITE_DBCONFIG_DQS_DML, 0},
};

static bool should_stop(const struct sqlite_connection *connection)
{
    if (stop_reason(connection->stop) != STOP_NONE)
        return true;
    return connection->box_ends_ms && clock_monotonic_ms() >= connection->box_ends_ms;
}

static int on_progress(void *context)
{
    return should_stop(context);
}

/* Somebody writes: wait a little, a limited number of times. */
static int on_busy(void *context, int waits_so_far)
{
    if (waits_so_far >= BUSY_WAIT_MS / BUSY_STEP_MS || should_stop(context))
        return 0;
    const struct timespec step = {.tv_nsec = BUSY_STEP_MS * 1000000L};
    (void)nanosleep(&step, NULL);
    return 1;
}

static int on_authorize(void *context, int action, const char *first, const char *second,
                        const char *database, const char *view)
{
    (void)database;
    (void)view;
    struct sqlite_connection *connection = context;
    /* SQLite itself asks this while it learns the columns of a table-valued function such as
     * json_each; nothing is written, and nothing could be. */
    if (action == SQLITE_UPDATE && strcmp(first, "sqlite_master") == 0)
        return SQLITE_OK;
    bool is_allowed = action == SQLITE_SELECT || action == SQLITE_READ ||
                      action == SQLITE_RECURSIVE ||
                      (action == SQLITE_FUNCTION && strcmp(second, "load_extension") != 0);
    connection->is_more_than_select |= !is_allowed;
    return is_allowed ? SQLITE_OK : SQLITE_DENY;
}

static const struct {
    int primary_code;
    enum err_code code;
    const char *text;
} failures[] = {
    {SQLITE_BUSY, ERR_SOURCE_UNAVAILABLE, "the source database is locked by a writer"},
    {SQLITE_LOCKED, ERR_SOURCE_UNAVAILABLE, "the source database is locked by a writer"},
    {SQLITE_PROTOCOL, ERR_SOURCE_UNAVAILABLE, "the source database is locked by a writer"},
    {SQLITE_IOERR, ERR_SOURCE_UNAVAILABLE, "the source database could not be read from disk"},
    {SQLITE_CANTOPEN, ERR_SOURCE_UNAVAILABLE,
     "the source database could not be opened; does it exist, and may the server read it?"},
    {SQLITE_NOMEM, ERR_SOURCE_UNAVAILABLE, "the source database ran out of memory"},
    {SQLITE_FULL, ERR_SOURCE_UNAVAILABLE, "the disk is full; the source could not sort its rows"},
    {SQLITE_CORRUPT, ERR_SOURCE_DATA, "the source database is damaged"},
    {SQLITE_NOTADB, ERR_SOURCE_DATA, "the source is not an SQLite database"},
    {SQLITE_TOOBIG, ERR_SOURCE_DATA, "a value or row of the source is too large"},
    {SQLITE_AUTH, ERR_SOURCE_DENIED, "the source refuses what the export type asks for"},
    {SQLITE_PERM, ERR_SOURCE_DENIED, "the source refuses access"},
    {SQLITE_READONLY, ERR_SOURCE_DENIED,
     "the source database must be written before it can be read; open it once with sqlite3"},
    {SQLITE_SCHEMA, ERR_SOURCE_SCHEMA, "the source's tables changed meanwhile"},
};

/* The codes that mean another thing while preparing, running, opening. */
static const struct {
    enum err_code code;
    const char *text;
} errors[] = {
    [SQLITE_PHASE_OPEN] = {ERR_SOURCE_UNAVAILABLE, "the source database could not be opened"},
    [SQLITE_PHASE_PREPARE] = {ERR_SOURCE_SCHEMA,
                              "the export type does not fit the source's tables any more"},
    [SQLITE_PHASE_STEP] = {ERR_SOURCE_DATA,
                           "the source could not compute a value of the export, such as damaged "
                           "JSON or a sum that overflows"},
};

bool sqlite_connection_fail(const struct sqlite_connection *connection, int code,
                            enum sqlite_phase phase, struct err *err)
{
    int primary = code & PRIMARY_CODE_MASK;
    if (!stop_check(connection->stop, err))
        return false;
    if (primary == SQLITE_INTERRUPT)
        return err_set(err, ERR_SOURCE_UNAVAILABLE, "the query was interrupted");
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        if (failures[i].primary_code == primary)
            return err_set(err, failures[i].code, "%s", failures[i].text);
    }
    return err_set(err, errors[phase].code, "%s", errors[phase].text);
}

static int configure(struct sqlite_connection *connection)
{
    sqlite3 *db = connection->db;
    int code = SQLITE_OK;
    for (size_t i = 0; i < COUNT_OF(settings) && code == SQLITE_OK; i++)
        code = sqlite3_db_config(db, settings[i].option, settings[i].value, NULL);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(db, INSTRUCTIONS_PER_CHECK, on_progress, connection);
    if (code == SQLITE_OK)
        code = sqlite3_busy_handler(db, on_busy, connection);
    return code;
}

/* Begins a transaction and reads from it, so that its snapshot begins too. */
static int begin(struct sqlite_connection *connection)
{
    static const char sql[] = "PRAGMA query_only = 1; BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1";
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_set_authorizer(connection->db, on_authorize, connection);
    return code;
}

bool sqlite_connection_open(const char *path, struct stop *stop, struct sqlite_connection **out,
                            struct err *err)
{
    struct sqlite_connection *connection = mem_new(struct sqlite_connection);
    connection->stop = stop;
    int code =
        sqlite3_open_v2(path, &connection->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = configure(connection);
    if (code == SQLITE_OK)
        code = begin(connection);
    if (code != SQLITE_OK) {
        (void)sqlite_connection_fail(connection, code, SQLITE_PHASE_OPEN, err);
        sqlite_connection_close(connection);
        return false;
    }
    *out = connection;
    return true;
}

void sqlite_connection_close(struct sqlite_connection *connection)
{
    if (!connection)
        return;
    (void)sqlite3_close(connection->db); /* rolls back; all statements are finalized */
    free(connection);
}
