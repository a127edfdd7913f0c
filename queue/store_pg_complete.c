/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_turn.h. Here: handing in jobs that are done.
 */
#include "queue/store_pg_turn.h"
#include "sql_queries.h"

#include <jansson.h>

static void set_text(json_t *object, const char *key, struct str text)
{
    (void)json_object_set_new(object, key, json_stringn(text.len ? text.ptr : "", text.len));
}

static void set_number(json_t *object, const char *key, int64_t value)
{
    (void)json_object_set_new(object, key, json_integer(value));
}

/* As complete_jobs.sql reads it. */
static json_t *completion_json(const struct pg_completion *completion)
{
    const struct job_file *file = completion->file;
    const struct job_progress *progress = completion->progress;
    const struct job_warnings *warnings = completion->warnings;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(completion->ticket->id, id);
    json_t *object = json_object();
    set_text(object, "id", str_of(id));
    set_number(object, "claim", completion->ticket->claim);
    set_number(object, "attempt", completion->ticket->attempt);
    set_text(object, "worker", str_of(completion->ticket->worker));
    set_text(object, "file_key", file->key);
    set_text(object, "file_name", file->name);
    set_text(object, "file_content_type", file->content_type);
    set_text(object, "file_sha256", file->sha256);
    set_number(object, "file_size", file->size);
    set_number(object, "file_rows", file->rows);
    set_number(object, "phase", progress->phase);
    set_number(object, "rows_done", progress->rows_done);
    set_number(object, "rows_total", progress->rows_total);
    set_number(object, "total_kind", progress->total_kind);
    set_number(object, "bytes_written", progress->bytes_written);
    set_number(object, "cells_guarded", warnings->cells_guarded);
    set_number(object, "non_finite", warnings->non_finite);
    set_number(object, "text_replaced", warnings->text_replaced);
    set_number(object, "kept_as_text", warnings->kept_as_text);
    set_number(object, "sheets", warnings->sheets);
    return object;
}

struct pg_call pg_complete_prepare(struct pg_store *store, struct pg_completion *const *completions,
                                   size_t count, struct pg_complete_call *call)
{
    static const struct pg_statement statement = {"complete_jobs", SQL_COMPLETE_JOBS,
                                                  PG_COMPLETE_VALUES};
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, completion_json(completions[i]));
    call->json = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    const char *const values[PG_COMPLETE_VALUES] = {
        pg_now(store, &call->numbers[0]),
        call->json,
        pg_int(&call->numbers[1], store->options.retention_ms),
        pg_slot(store, &call->numbers[2]),
    };
    memcpy(call->values, values, sizeof values);
    return (struct pg_call){&statement, call->values};
}

void pg_complete_call_done(struct pg_complete_call *call)
{
    free(call->json);
}

/* Whose completion a job took: should a ticket be handed in twice at once, that of its file. */
static struct pg_completion *find(struct pg_completion *const *completions, size_t count,
                                  int64_t claim, struct str file_key)
{
    for (size_t i = 0; i < count; i++)
        if (completions[i]->ticket->claim == claim &&
            str_equal(completions[i]->file->key, file_key))
            return completions[i];
    return NULL;
}

void pg_complete_take(struct pg_store *store, struct pg_completion *const *completions,
                      size_t count, const PGresult *result)
{
    for (size_t i = 0; i < count; i++)
        completions[i]->is_mine = false;
    for (int row = 0; row < PQntuples(result); row++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct job job;
        pg_read_job(result, row, &arena, &job);
        pg_publish(store, &job);
        struct pg_completion *taken =
            find(completions, count, pg_read_number(result, row, PG_CLAIM), job.file.key);
        if (taken)
            taken->is_mine = true;
    }
}

bool pg_complete(struct store *base, const struct ticket *ticket, const struct job_file *file,
                 const struct job_progress *progress, const struct job_warnings *warnings,
                 bool *out_is_mine, struct err *err)
{
    struct pg_completion completion = {
        .ticket = ticket, .file = file, .progress = progress, .warnings = warnings};
    struct pg_turn turn = {.completion = &completion};
    if (!pg_turn_run(pg_store_of(base), &turn, err))
        return false;
    *out_is_mine = completion.is_mine;
    return true;
}
