/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: the audit is read. It is written by the statements that do what it tells
 * of: create_jobs, cancel, retry, remove and save_download.
 */
#include "queue/store_pg.h"
#include "sql_queries.h"

enum { ACTIONS_MAX_BYTES = 128 };

enum column { NUMBER, AT_MS, ACTION, ACTOR, ADDRESS, JOB, OWNER, TYPE };

static const char *write_actions(unsigned actions, struct buf *array)
{
    if (!actions)
        return NULL;
    buf_init(array, ACTIONS_MAX_BYTES);
    for (int action = 0; action < AUDIT_ACTION_COUNT; action++) {
        if (!(actions & BIT(action)))
            continue;
        buf_add_char(array, array->len ? ',' : '{');
        buf_add_text(array, audit_action_name((enum audit_action)action));
    }
    buf_add_char(array, '}');
    return array->ptr;
}

static const char *int_or_null(struct pg_number *number, int64_t value)
{
    return value ? pg_int(number, value) : NULL;
}

static struct str read_text(const PGresult *result, int row, enum column column,
                            struct arena *arena)
{
    return arena_copy_str(arena, str_of(PQgetvalue(result, row, (int)column)));
}

static bool read_entry(const PGresult *result, int row, struct arena *arena,
                       struct audit_entry *out)
{
    out->action = audit_action_of(str_of(PQgetvalue(result, row, ACTION)));
    out->actor.name = read_text(result, row, ACTOR, arena);
    out->actor.address = read_text(result, row, ADDRESS, arena);
    out->owner = read_text(result, row, OWNER, arena);
    out->type = read_text(result, row, TYPE, arena);
    return str_to_int64(str_of(PQgetvalue(result, row, NUMBER)), &out->number) &&
           str_to_int64(str_of(PQgetvalue(result, row, AT_MS)), &out->at_ms) &&
           uuid_parse(str_of(PQgetvalue(result, row, JOB)), &out->job);
}

bool pg_list_audit(struct store *base, const struct audit_query *query, struct arena *arena,
                   const struct audit_entry **out, size_t *out_count, struct err *err)
{
    /* without names, as list_jobs */
    static const struct pg_statement list = {NULL, SQL_LIST_AUDIT, 7};
    static const struct pg_statement list_of_actor = {NULL, SQL_LIST_AUDIT_OF_ACTOR, 8};
    const char *actor = pg_text_or_null(arena, query->actor);
    struct buf actions CLEANUP(buf_done) = {0};
    struct pg_number numbers[4];
    char job[UUID_TEXT_LEN + 1];
    if (query->has_job)
        uuid_format(query->job, job);
    const char *const values[] = {int_or_null(&numbers[0], query->before),
                                  pg_text_or_null(arena, query->owner),
                                  query->has_job ? job : NULL,
                                  write_actions(query->actions, &actions),
                                  int_or_null(&numbers[1], query->since_ms),
                                  int_or_null(&numbers[2], query->until_ms),
                                  pg_int(&numbers[3], (int64_t)query->limit),
                                  actor};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(pg_store_of(base), actor ? &list_of_actor : &list, values, &result, err))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct audit_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
    for (size_t i = 0; i < count; i++)
        if (!read_entry(result, (int)i, arena, &entries[i]))
            return err_set(err, ERR_INTERNAL, "the table exportq.audit holds what is no entry");
    *out = entries;
    *out_count = count;
    return true;
}
