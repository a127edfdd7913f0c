/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. `select *` gives the table's columns in the order of the migrations: a column of
 * a newer schema comes after those that we know.
 */
#include "queue/spec_json.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum column {
    ID,
    OWNER,
    REQUEST_ID,
    TYPE,
    FORMAT,
    SPEC,
    STATE,
    ATTEMPT,
    MAX_ATTEMPTS,
    REVISION,
    CREATED_MS,
    STARTED_MS,
    COMPLETED_MS,
    NEXT_ATTEMPT_MS,
    IS_RETRY,
    EXPIRES_MS,
    CLAIM,
    WORKER,
    LEASE_UNTIL_MS,
    PHASE,
    ROWS_DONE,
    ROWS_TOTAL,
    TOTAL_KIND,
    BYTES_WRITTEN,
    ERROR_CODE,
    ERROR_MESSAGE,
    FILE_KEY,
    FILE_NAME,
    FILE_CONTENT_TYPE,
    FILE_SHA256,
    FILE_SIZE,
    FILE_ROWS,
    CELLS_GUARDED,
    NON_FINITE,
    TEXT_REPLACED,
    KEPT_AS_TEXT,
    SHEETS,
    TOKEN_NO,
    DOWNLOAD_LEASE,
    DOWNLOAD_LEASE_UNTIL_MS,
    DOWNLOAD_PREFIX,
    DOWNLOAD_SENT,
    DOWNLOAD_SPENT_MS,
    DOWNLOAD_IS_COUNTING,
    DOWNLOADS_USED,
    TRACE_PARENT,
    TRACE_STATE,
    COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {
    "id",
    "owner",
    "request_id",
    "type",
    "format",
    "spec",
    "state",
    "attempt",
    "max_attempts",
    "revision",
    "created_ms",
    "started_ms",
    "completed_ms",
    "next_attempt_ms",
    "is_retry",
    "expires_ms",
    "claim",
    "worker",
    "lease_until_ms",
    "phase",
    "rows_done",
    "rows_total",
    "total_kind",
    "bytes_written",
    "error_code",
    "error_message",
    "file_key",
    "file_name",
    "file_content_type",
    "file_sha256",
    "file_size",
    "file_rows",
    "cells_guarded",
    "non_finite",
    "text_replaced",
    "kept_as_text",
    "sheets",
    "token_no",
    "download_lease",
    "download_lease_until_ms",
    "download_prefix",
    "download_sent",
    "download_spent_ms",
    "download_is_counting",
    "downloads_used",
    "trace_parent",
    "trace_state",
};

/* ---- Values ---- */

static struct str view(const PGresult *result, int row, enum column column)
{
    return (struct str){PQgetvalue(result, row, (int)column),
                        (size_t)PQgetlength(result, row, (int)column)};
}

static struct str text(const PGresult *result, int row, enum column column, struct arena *arena)
{
    struct str value = view(result, row, column);
    return value.len ? arena_copy_str(arena, value) : (struct str){0};
}

static int64_t number(const PGresult *result, int row, enum column column)
{
    int64_t value = 0;
    bool is_number = str_to_int64(view(result, row, column), &value);
    return is_number ? value : 0;
}

static bool flag(const PGresult *result, int row, enum column column)
{
    return PQgetvalue(result, row, (int)column)[0] == 't';
}

static enum job_state read_state(struct str name)
{
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        if (str_equal(name, str_of(job_state_name((enum job_state)state))))
            return (enum job_state)state;
    return JOB_FAILED; /* the table's check lets no other in */
}

int64_t pg_read_number(const PGresult *result, int row, enum pg_column column)
{
    static const enum column columns[] = {
        [PG_CLAIM] = CLAIM,
        [PG_TOKEN_NO] = TOKEN_NO,
        [PG_DOWNLOAD_LEASE] = DOWNLOAD_LEASE,
        [PG_DOWNLOAD_LEASE_UNTIL_MS] = DOWNLOAD_LEASE_UNTIL_MS,
        [PG_DOWNLOAD_PREFIX] = DOWNLOAD_PREFIX,
        [PG_DOWNLOAD_SENT] = DOWNLOAD_SENT,
        [PG_DOWNLOAD_SPENT_MS] = DOWNLOAD_SPENT_MS,
        [PG_DOWNLOAD_IS_COUNTING] = DOWNLOAD_IS_COUNTING,
        [PG_DOWNLOADS_USED] = DOWNLOADS_USED,
    };
    return column == PG_DOWNLOAD_IS_COUNTING ? flag(result, row, columns[column])
                                             : number(result, row, columns[column]);
}

/* ---- Jobs ---- */

static struct job_progress read_progress(const PGresult *result, int row)
{
    return (struct job_progress){
        .phase = (enum job_phase)number(result, row, PHASE),
        .rows_done = number(result, row, ROWS_DONE),
        .rows_total = number(result, row, ROWS_TOTAL),
        .total_kind = (enum job_total_kind)number(result, row, TOTAL_KIND),
        .bytes_written = number(result, row, BYTES_WRITTEN),
    };
}

static struct job_error read_error(const PGresult *result, int row, struct arena *arena)
{
    struct str code = view(result, row, ERROR_CODE);
    if (str_is_empty(code))
        return (struct job_error){0};
    return (struct job_error){err_code_from_name(PQgetvalue(result, row, ERROR_CODE)),
                              text(result, row, ERROR_MESSAGE, arena)};
}

static struct job_file read_file(const PGresult *result, int row, struct arena *arena)
{
    return (struct job_file){
        .key = text(result, row, FILE_KEY, arena),
        .name = text(result, row, FILE_NAME, arena),
        .content_type = text(result, row, FILE_CONTENT_TYPE, arena),
        .sha256 = text(result, row, FILE_SHA256, arena),
        .size = number(result, row, FILE_SIZE),
        .rows = number(result, row, FILE_ROWS),
    };
}

static struct job_warnings read_warnings(const PGresult *result, int row)
{
    return (struct job_warnings){
        .cells_guarded = number(result, row, CELLS_GUARDED),
        .non_finite = number(result, row, NON_FINITE),
        .text_replaced = number(result, row, TEXT_REPLACED),
        .kept_as_text = number(result, row, KEPT_AS_TEXT),
        .sheets = (int32_t)number(result, row, SHEETS),
    };
}

void pg_read_job(const PGresult *result, int row, struct arena *arena, struct job *out)
{
    *out = (struct job){
        .spec = {.type = text(result, row, TYPE, arena),
                 .format = text(result, row, FORMAT, arena)},
        .owner = text(result, row, OWNER, arena),
        .request_id = text(result, row, REQUEST_ID, arena),
        .trace_parent = text(result, row, TRACE_PARENT, arena),
        .trace_state = text(result, row, TRACE_STATE, arena),
        .state = read_state(view(result, row, STATE)),
        .attempt = (int32_t)number(result, row, ATTEMPT),
        .max_attempts = (int32_t)number(result, row, MAX_ATTEMPTS),
        .progress = read_progress(result, row),
        .warnings = read_warnings(result, row),
        .error = read_error(result, row, arena),
        .file = read_file(result, row, arena),
        .created_ms = number(result, row, CREATED_MS),
        .started_ms = number(result, row, STARTED_MS),
        .completed_ms = number(result, row, COMPLETED_MS),
        .expires_ms = number(result, row, EXPIRES_MS),
        .downloads_used = (int32_t)number(result, row, DOWNLOADS_USED),
        .revision = number(result, row, REVISION),
        .due_ms = number(result, row, NEXT_ATTEMPT_MS),
    };
    if (flag(result, row, IS_RETRY))
        out->next_attempt_ms = out->due_ms;
    (void)!uuid_parse(view(result, row, ID), &out->id); /* the column's type sees to it */
    /* A spec that cannot be read is one that a newer version wrote differently: the plan will not
     * be made, and the job fails with the reason. */
    (void)!spec_from_json(view(result, row, SPEC), arena, &out->spec);
}

bool pg_check_columns(struct pg_store *store, struct err *err)
{
    static const struct pg_statement none = {NULL, "select * from exportq.job limit 0", 0};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &none, NULL, &result, err))
        return false;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (i >= PQnfields(result) || strcmp(PQfname(result, i), names[i]) != 0)
            return err_set(err, ERR_INTERNAL,
                           "the table exportq.job has no column %s where this version expects it; "
                           "was it changed by hand?",
                           names[i]);
    return true;
}
