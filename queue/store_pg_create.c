/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: creating. Creates that arrive together go in one transaction of two
 * statements: the first locks their owners, the second counts what is active and inserts. It takes
 * its snapshot after the locks are held, so no two transactions see the same last free place.
 */
#include "queue/refusal.h"
#include "queue/spec_json.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

/* One call of store_create. */
struct creation {
    struct group_item item;
    const struct job_draft *draft;
    struct arena *arena;
    struct uuid id;
    struct job *out;
    unsigned acts; /* what was written to the audit */
    bool has_twin; /* an earlier one of its batch has the same request_id: it comes after it */
};

static struct creation *creation_of(struct group_item *item)
{
    return CONTAINER_OF(item, struct creation, item);
}

/* ---- What is asked ---- */

static json_t *text_json(struct str text)
{
    return str_is_empty(text) ? json_string("") : json_stringn(text.ptr, text.len);
}

static json_t *draft_json(const struct creation *creation, size_t n)
{
    const struct job_draft *draft = creation->draft;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(creation->id, id);
    json_t *object = json_object();
    (void)json_object_set_new(object, "n", json_integer((json_int_t)n));
    (void)json_object_set_new(object, "id", json_string(id));
    (void)json_object_set_new(object, "owner", text_json(draft->owner));
    (void)json_object_set_new(object, "actor", text_json(draft->actor.name));
    (void)json_object_set_new(object, "address", text_json(draft->actor.address));
    if (!str_is_empty(draft->request_id))
        (void)json_object_set_new(object, "request_id", text_json(draft->request_id));
    (void)json_object_set_new(object, "trace_parent", text_json(draft->trace_parent));
    (void)json_object_set_new(object, "trace_state", text_json(draft->trace_state));
    (void)json_object_set_new(object, "type", text_json(draft->spec.type));
    (void)json_object_set_new(object, "format", text_json(draft->spec.format));
    (void)json_object_set_new(object, "spec", spec_to_json(&draft->spec));
    return object;
}

/* The drafts and their owners, as the statements want them; to be freed. */
static void write_json(struct group_item *const *items, size_t count, char **out_drafts,
                       char **out_owners)
{
    json_t *drafts = json_array();
    json_t *owners = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct creation *creation = creation_of(items[i]);
        if (creation->has_twin)
            continue;
        (void)json_array_append_new(drafts, draft_json(creation, i));
        (void)json_array_append_new(owners, text_json(creation->draft->owner));
    }
    *out_drafts = json_dumps(drafts, JSON_COMPACT);
    *out_owners = json_dumps(owners, JSON_COMPACT);
    json_decref(drafts);
    json_decref(owners);
}

/* ---- What came of it ---- */

/* The job as it was made: as the statement made it. */
static void tell_made(struct pg_store *store, struct creation *creation, int64_t now)
{
    struct job job = {
        .id = creation->id,
        .spec = creation->draft->spec,
        .owner = creation->draft->owner,
        .request_id = creation->draft->request_id,
        .trace_parent = creation->draft->trace_parent,
        .trace_state = creation->draft->trace_state,
        .state = JOB_QUEUED,
        .max_attempts = store->options.retry.max_attempts,
        .created_ms = now,
        .revision = 1,
    };
    job_copy(creation->arena, &job, creation->out);
    creation->acts = BIT(AUDIT_CREATE);
    pg_publish(store, creation->out);
}

/* The request_id is known: it is the same request, or a mistake. */
static bool tell_known(struct pg_store *store, struct creation *creation, struct uuid id,
                       struct err *err)
{
    if (!pg_get(&store->base, id, creation->arena, creation->out, err))
        return false;
    return job_spec_equal(&creation->out->spec, &creation->draft->spec) || refuse_request_id(err);
}

enum { RESULT_N, RESULT_KNOWN, RESULT_IS_MADE, RESULT_NOW };

static void settle(struct pg_store *store, const PGresult *result, int row,
                   struct group_item *const *items, size_t count)
{
    int64_t n = -1;
    int64_t now = 0;
    if (!str_to_int64(str_of(PQgetvalue(result, row, RESULT_N)), &n) || n < 0 ||
        n >= (int64_t)count || !str_to_int64(str_of(PQgetvalue(result, row, RESULT_NOW)), &now))
        return;
    struct creation *creation = creation_of(items[n]);
    struct group_item *item = &creation->item;
    struct uuid known;
    item->err.code = ERR_NONE;
    if (uuid_parse(str_of(PQgetvalue(result, row, RESULT_KNOWN)), &known)) {
        item->is_ok = tell_known(store, creation, known, &item->err);
    } else if (PQgetvalue(result, row, RESULT_IS_MADE)[0] == 't') {
        tell_made(store, creation, now);
        item->is_ok = true;
    } else {
        item->is_ok = refuse_limit(store->options.max_active_per_owner, &item->err);
    }
}

static bool run(struct pg_store *store, const char *drafts, const char *owners, PGresult **out,
                struct err *err)
{
    static const struct pg_statement lock = {"lock_owners", SQL_LOCK_OWNERS, 1};
    static const struct pg_statement create = {"create_jobs", SQL_CREATE_JOBS, 4};
    struct pg_number now;
    struct pg_number limit;
    struct pg_number attempts;
    const char *const lock_values[] = {owners};
    const char *const create_values[] = {pg_now(store, &now), drafts,
                                         pg_int(&limit, store->options.max_active_per_owner),
                                         pg_int(&attempts, store->options.retry.max_attempts)};
    const struct pg_call calls[] = {{&lock, lock_values}, {&create, create_values}};
    PGresult *results[COUNT_OF(calls)];
    if (!pg_store_run(store, calls, COUNT_OF(calls), results, err))
        return false;
    PQclear(results[0]);
    *out = results[1];
    return true;
}

/* Who has an earlier one of the batch with the same request_id waits for the next round. */
static size_t mark_twins(struct group_item *const *items, size_t count)
{
    size_t twins = 0;
    for (size_t i = 0; i < count; i++) {
        struct creation *creation = creation_of(items[i]);
        const struct job_draft *draft = creation->draft;
        creation->has_twin = false;
        for (size_t j = 0; j < i && !str_is_empty(draft->request_id); j++) {
            const struct job_draft *other = creation_of(items[j])->draft;
            creation->has_twin |= str_equal(draft->request_id, other->request_id) &&
                                  str_equal(draft->owner, other->owner);
        }
        twins += creation->has_twin;
    }
    return twins;
}

static void create_round(struct pg_store *store, struct group_item *const *items, size_t count)
{
    struct err err = {0};
    PGresult *result CLEANUP(pg_clear) = NULL;
    char *drafts = NULL;
    char *owners = NULL;
    write_json(items, count, &drafts, &owners);
    bool is_run = run(store, drafts, owners, &result, &err);
    free(drafts);
    free(owners);
    if (is_run)
        (void)err_set(&err, ERR_INTERNAL, "the database did not say what came of the new job");
    for (size_t i = 0; i < count; i++)
        if (!creation_of(items[i])->has_twin)
            items[i]->err = err;
    for (int row = 0; is_run && row < PQntuples(result); row++)
        settle(store, result, row, items, count);
}

void pg_create_all(void *target, struct group_item *const *items, size_t count)
{
    struct pg_store *store = target;
    struct group_item *twins[GROUP_MAX];
    size_t twin_count = mark_twins(items, count);
    create_round(store, items, count);
    if (twin_count == 0)
        return;
    twin_count = 0;
    for (size_t i = 0; i < count; i++)
        if (creation_of(items[i])->has_twin)
            twins[twin_count++] = items[i];
    pg_create_all(store, twins, twin_count);
}

bool pg_create(struct store *base, const struct job_draft *draft, struct arena *arena,
               struct job *out, unsigned *out_acts, struct err *err)
{
    struct pg_store *store = pg_store_of(base);
    struct creation creation = {.draft = draft, .arena = arena, .out = out};
    pthread_mutex_lock(&store->mutex);
    creation.id = uuid_make(&store->ids, clock_now_ms(store->base.clock));
    pthread_mutex_unlock(&store->mutex);
    if (!group_run(&store->creates, &creation.item)) {
        *err = creation.item.err;
        return false;
    }
    *out_acts = creation.acts;
    return true;
}
