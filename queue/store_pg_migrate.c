/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings the schema exportq up to this version: forward only, one step a transaction, one process
 * at a time. The steps are sql/migrations/NNNN_name.sql, embedded by the build, in the order of
 * their numbers; the table exportq.migration says which were taken.
 */
#include "pg/pg.h"
#include "queue/store.h"
#include "queue/store_pg.h"
#include "sql_migrations.h"

enum { STEP_MS = 10 * 60 * 1000, LOCK_MS = 60 * 1000, ANSWER_MS = 10 * 1000 };

/* A number of ours among the database's advisory locks. */
static const char lock_sql[] = "begin; set local lock_timeout = '60s'; "
                               "select pg_advisory_xact_lock(7401157410)";

/* A schema that is there already needs no right to make one. */
static const char begin_sql[] = "do $$ begin "
                                "if to_regnamespace('exportq') is null then "
                                "create schema exportq; end if; end $$; "
                                "create table if not exists exportq.migration ("
                                "version integer primary key, name text not null, "
                                "applied_at timestamptz not null default now())";

/* The newest step that was taken; 0: none, or there is no schema of ours yet. */
static bool read_version(struct pg *pg, int64_t *out, struct err *err)
{
    static const struct pg_statement exists = {
        NULL, "select to_regclass('exportq.migration') is not null", 0};
    static const struct pg_statement newest = {
        NULL, "select coalesce(max(version), 0) from exportq.migration", 0};
    PGresult *there CLEANUP(pg_clear) = NULL;
    PGresult *version CLEANUP(pg_clear) = NULL;
    *out = 0;
    if (!pg_run(pg, &exists, NULL, ANSWER_MS, &there, err))
        return false;
    if (PQgetvalue(there, 0, 0)[0] != 't')
        return true;
    return pg_run(pg, &newest, NULL, ANSWER_MS, &version, err) &&
           (str_to_int64(str_of(PQgetvalue(version, 0, 0)), out) ||
            err_set(err, ERR_INTERNAL, "the schema's version is no number"));
}

static bool check_version(int64_t version, struct err *err)
{
    if (version > (int64_t)sql_migration_count)
        return err_set(err, ERR_INVALID,
                       "the database's schema exportq is of version %lld, this program knows %zu; "
                       "install a newer exportq",
                       (long long)version, sql_migration_count);
    return true;
}

static bool take_step(struct pg *pg, size_t step, struct err *err)
{
    static const struct pg_statement insert = {
        NULL, "insert into exportq.migration (version, name) values ($1::integer, $2)", 2};
    struct pg_number version;
    const char *const values[] = {pg_int(&version, (int64_t)step + 1), sql_migrations[step].name};
    PGresult *result CLEANUP(pg_clear) = NULL;
    return pg_do(pg, sql_migrations[step].sql, STEP_MS, err) &&
           pg_run(pg, &insert, values, ANSWER_MS, &result, err);
}

/* All steps that are missing, in the transaction that holds the lock. */
static bool take_steps(struct pg *pg, int *out_steps, struct err *err)
{
    int64_t version = 0;
    if (!pg_do(pg, begin_sql, ANSWER_MS, err) || !read_version(pg, &version, err) ||
        !check_version(version, err))
        return false;
    for (size_t step = (size_t)version; step < sql_migration_count; step++) {
        if (!take_step(pg, step, err))
            return false;
        (*out_steps)++;
    }
    return pg_do(pg, "commit", ANSWER_MS, err);
}

static bool migrate(struct pg *pg, bool is_check, int *out_steps, struct err *err)
{
    int64_t version = 0;
    if (!read_version(pg, &version, err) || !check_version(version, err))
        return false;
    int missing = (int)((int64_t)sql_migration_count - version);
    if (is_check)
        *out_steps = missing;
    if (is_check || missing == 0)
        return true;
    return pg_do(pg, lock_sql, LOCK_MS + ANSWER_MS, err) && take_steps(pg, out_steps, err);
}

/* The operator reads it, who can do more than try again; a refusal is not gone by tomorrow. */
static bool fail_open(struct err *err)
{
    struct err cause = *err;
    bool is_refused = cause.code == ERR_SOURCE_DENIED;
    if (!is_refused && !err_code_is_retryable(cause.code))
        return pg_store_fail(err);
    return err_set(err, is_refused ? ERR_SOURCE_DENIED : ERR_UNAVAILABLE, "the queue: %s",
                   cause.text);
}

bool store_pg_migrate(const char *url, bool is_check, int *out_steps, struct err *err)
{
    const struct pg_options options = {.url = url, .application_name = "exportq/migrate"};
    struct pg *pg = NULL;
    *out_steps = 0;
    if (!pg_open(&options, NULL, &pg, err))
        return fail_open(err);
    bool is_ok = migrate(pg, is_check, out_steps, err);
    if (!is_ok && err->code != ERR_INVALID) {
        char cause[ERR_TEXT_SIZE];
        (void)snprintf(cause, sizeof cause, "%s", err->text);
        (void)err_set(err, ERR_INTERNAL, "the queue's schema could not be made: %s", cause);
    }
    pg_close(pg);
    return is_ok;
}
