/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: tokens and the download lease, by the rule of queue/download.h. The job's
 * row is locked, judged here, and written back, in one transaction; so two servers take turns.
 */
#include "base/digest.h"
#include "queue/download.h"
#include "queue/refusal.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

/* A job whose row is locked, until `finish`. */
struct hold {
    struct pg_store *store;
    struct pg *pg;
    char id[UUID_TEXT_LEN + 1];
    struct arena *arena;
    struct job job;
    struct download download;
    int64_t now_ms;
};

static void read_download(const PGresult *result, struct download *out)
{
    *out = (struct download){
        .token_no = pg_read_number(result, 0, PG_TOKEN_NO),
        .lease = pg_read_number(result, 0, PG_DOWNLOAD_LEASE),
        .lease_until_ms = pg_read_number(result, 0, PG_DOWNLOAD_LEASE_UNTIL_MS),
        .prefix = pg_read_number(result, 0, PG_DOWNLOAD_PREFIX),
        .sent = pg_read_number(result, 0, PG_DOWNLOAD_SENT),
        .spent_ms = pg_read_number(result, 0, PG_DOWNLOAD_SPENT_MS),
        .is_counting = pg_read_number(result, 0, PG_DOWNLOAD_IS_COUNTING) != 0,
        .used = (int32_t)pg_read_number(result, 0, PG_DOWNLOADS_USED),
    };
}

/* The time is asked for once the row is ours: a wait for it does not count. */
static bool read_time(struct hold *hold, struct err *err)
{
    static const struct pg_statement now = {"now", SQL_NOW, 0};
    if (hold->store->clock) {
        hold->now_ms = clock_now_ms(hold->store->clock);
        return true;
    }
    PGresult *result CLEANUP(pg_clear) = NULL;
    return pg_run(hold->pg, &now, NULL, PG_STATEMENT_MS, &result, err) &&
           (str_to_int64(str_of(PQgetvalue(result, 0, 0)), &hold->now_ms) ||
            err_set(err, ERR_INTERNAL, "the database's time is no number"));
}

/* A server that stops in the middle keeps the row no longer than this, and whoever waits for it
 * does not wait for long. */
static const char begin_sql[] =
    "begin; set local lock_timeout = '2s'; set local idle_in_transaction_session_timeout = '5s'";

static bool lock_row(struct hold *hold, struct uuid id, struct err *err)
{
    static const struct pg_statement lock = {"lock_job", SQL_LOCK_JOB, 1};
    const char *const values[] = {hold->id};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_do(hold->pg, begin_sql, PG_STATEMENT_MS, err) ||
        !pg_run(hold->pg, &lock, values, PG_STATEMENT_MS, &result, err) || !read_time(hold, err))
        return pg_store_fail(err);
    if (PQntuples(result) == 0)
        return refuse_unknown(id, err);
    pg_read_job(result, 0, hold->arena, &hold->job);
    read_download(result, &hold->download);
    return true;
}

/* Gives the connection back, with nothing changed. Returns false. */
static bool drop(struct hold *hold)
{
    struct err ignored; /* a connection on which this fails is broken, which ends the transaction */
    (void)!pg_do(hold->pg, "rollback", PG_STATEMENT_MS, &ignored);
    pg_pool_give(hold->store->pool, hold->pg);
    return false;
}

static bool begin(struct pg_store *store, struct uuid id, struct arena *arena, struct hold *out,
                  struct err *err)
{
    enum { TAKE_CONNECTION_MS = 5000 };
    *out = (struct hold){.store = store, .arena = arena};
    uuid_format(id, out->id);
    if (!pg_pool_take(store->pool, TAKE_CONNECTION_MS, NULL, &out->pg, err))
        return pg_store_fail(err);
    return lock_row(out, id, err) || drop(out);
}

/* What somebody did, for the audit. */
struct act {
    enum audit_action action;
    const struct actor *actor;
};

/* Writes the hand-over back, with what was done (NULL: nothing that the audit tells of), and gives
 * the connection back. */
static bool finish(struct hold *hold, const struct act *act, struct err *err)
{
    static const struct pg_statement save = {"save_download", SQL_SAVE_DOWNLOAD, 13};
    const struct download *download = &hold->download;
    struct pg_number numbers[8];
    const char *const values[] = {hold->id,
                                  pg_int(&numbers[0], download->token_no),
                                  pg_int(&numbers[1], download->lease),
                                  pg_int(&numbers[2], download->lease_until_ms),
                                  pg_int(&numbers[3], download->prefix),
                                  pg_int(&numbers[4], download->sent),
                                  pg_int(&numbers[5], download->spent_ms),
                                  download->is_counting ? "t" : "f",
                                  pg_int(&numbers[6], download->used),
                                  act ? audit_action_name(act->action) : NULL,
                                  act ? pg_text(hold->arena, act->actor->name) : NULL,
                                  act ? pg_text(hold->arena, act->actor->address) : NULL,
                                  pg_int(&numbers[7], hold->now_ms)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_run(hold->pg, &save, values, PG_STATEMENT_MS, &result, err) ||
        !pg_do(hold->pg, "commit", PG_STATEMENT_MS, err)) {
        (void)pg_store_fail(err);
        return drop(hold);
    }
    pg_pool_give(hold->store->pool, hold->pg);
    return true;
}

bool pg_issue_token(struct store *base, struct uuid id, const struct actor *actor,
                    int64_t *out_token_no, struct err *err)
{
    const struct act act = {AUDIT_TOKEN, actor};
    struct pg_store *store = pg_store_of(base);
    struct arena arena CLEANUP(arena_done) = {0};
    struct hold hold;
    if (!begin(store, id, &arena, &hold, err))
        return false;
    if (!download_issue(&hold.download, &hold.job, &store->options, hold.now_ms, out_token_no, err))
        return drop(&hold);
    return finish(&hold, &act, err);
}

bool pg_download_open(struct store *base, const struct download_request *request,
                      struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    const struct act act = {request->offset > 0 ? AUDIT_RESUME : AUDIT_DOWNLOAD, &request->actor};
    struct pg_store *store = pg_store_of(base);
    struct hold hold;
    int64_t lease = 0;
    digest_random(&lease, sizeof lease);
    lease = (lease & (INT64_MAX - 1)) | 1; /* never 0, which is none */
    if (!begin(store, request->id, arena, &hold, err))
        return false;
    if (!download_open(&hold.download, &hold.job, &store->options, hold.now_ms, request->token_no,
                       request->offset, lease, err))
        return drop(&hold);
    if (!finish(&hold, &act, err))
        return false;
    *out = hold.job;
    *out_lease = lease;
    return true;
}

bool pg_download_renew(struct store *base, struct uuid id, int64_t lease,
                       const struct transfer *transfer, struct err *err)
{
    struct pg_store *store = pg_store_of(base);
    struct arena arena CLEANUP(arena_done) = {0};
    struct hold hold;
    if (!begin(store, id, &arena, &hold, err))
        return err->code == ERR_NOT_FOUND ? download_refuse_lease(err) : false;
    if (!download_renew(&hold.download, hold.job.file.size, &store->options, hold.now_ms, lease,
                        transfer, err))
        return drop(&hold);
    return finish(&hold, NULL, err);
}

bool pg_download_close(struct store *base, struct uuid id, int64_t lease,
                       const struct transfer *transfer, struct err *err)
{
    struct pg_store *store = pg_store_of(base);
    struct arena arena CLEANUP(arena_done) = {0};
    struct hold hold;
    if (!begin(store, id, &arena, &hold, err))
        return err->code == ERR_NOT_FOUND;
    download_close(&hold.download, hold.job.file.size, &store->options, hold.now_ms, lease,
                   transfer);
    return finish(&hold, NULL, err);
}
