/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg_lookup.h.
 */
#include "queue/store_pg_lookup.h"

#include "base/mem.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

#include <jansson.h>

enum { ARRAY_MAX_BYTES = 16 * 1024 * 1024 };

/* Two array literals of the same length. */
struct jobs {
    struct buf ids;
    struct buf revisions;
};

struct lookup {
    struct jobs jobs;
    json_t *owners;
};

static void jobs_init(struct jobs *jobs)
{
    buf_init(&jobs->ids, ARRAY_MAX_BYTES);
    buf_init(&jobs->revisions, ARRAY_MAX_BYTES);
}

static void jobs_done(struct jobs *jobs)
{
    buf_done(&jobs->ids);
    buf_done(&jobs->revisions);
}

static void jobs_add(struct jobs *jobs, struct uuid id, int64_t revision)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    char separator = jobs->ids.len ? ',' : '{';
    buf_printf(&jobs->ids, "%c%s", separator, text);
    buf_printf(&jobs->revisions, "%c%lld", separator, (long long)revision);
}

/* The jobs that changed; *out is NULL if none was asked for. */
static bool read_jobs(struct pg *pg, struct jobs *jobs, PGresult **out, struct err *err)
{
    static const struct pg_statement get = {"get_jobs", SQL_GET_JOBS, 2};
    *out = NULL;
    if (jobs->ids.len == 0)
        return true;
    buf_add_char(&jobs->ids, '}');
    buf_add_char(&jobs->revisions, '}');
    if (!buf_is_ok(&jobs->ids) || !buf_is_ok(&jobs->revisions))
        return err_set(err, ERR_INTERNAL, "too many jobs are watched to look them up");
    const char *const values[] = {jobs->ids.ptr, jobs->revisions.ptr};
    return pg_run(pg, &get, values, PG_STATEMENT_MS, out, err);
}

static void see_rows(const PGresult *result, lookup_see *see, void *target)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct job job;
        pg_read_job(result, row, &arena, &job);
        see(target, &job);
    }
}

struct lookup *lookup_new(void)
{
    struct lookup *lookup = mem_new(struct lookup);
    jobs_init(&lookup->jobs);
    lookup->owners = json_array();
    return lookup;
}

void lookup_free(struct lookup *lookup)
{
    jobs_done(&lookup->jobs);
    json_decref(lookup->owners);
    free(lookup);
}

void lookup_add_job(void *target, struct uuid id, int64_t revision)
{
    struct lookup *lookup = target;
    jobs_add(&lookup->jobs, id, revision);
}

void lookup_add_scope(void *target, const struct watch_scope *scope)
{
    struct lookup *lookup = target;
    if (scope->has_id)
        jobs_add(&lookup->jobs, scope->id, 0);
    else if (!str_is_empty(scope->owner))
        (void)json_array_append_new(lookup->owners,
                                    json_stringn(scope->owner.ptr, scope->owner.len));
}

static bool read_owners(const struct lookup *lookup, struct pg *pg, PGresult **out, struct err *err)
{
    static const struct pg_statement active = {"active_of_owners", SQL_ACTIVE_OF_OWNERS, 1};
    *out = NULL;
    if (json_array_size(lookup->owners) == 0)
        return true;
    char *owners = json_dumps(lookup->owners, JSON_COMPACT);
    const char *const values[] = {owners};
    bool is_ok = pg_run(pg, &active, values, PG_STATEMENT_MS, out, err);
    free(owners);
    return is_ok;
}

bool lookup_run(struct lookup *lookup, struct pg *pg, lookup_see *see, void *target,
                struct err *err)
{
    PGresult *jobs CLEANUP(pg_clear) = NULL;
    PGresult *owned CLEANUP(pg_clear) = NULL;
    if (!read_jobs(pg, &lookup->jobs, &jobs, err) || !read_owners(lookup, pg, &owned, err))
        return false;
    see_rows(jobs, see, target);
    see_rows(owned, see, target);
    return true;
}

/* ---- Notes ---- */

static void see_job(const struct job *job, const struct event_note *notes, size_t count,
                    lookup_see *see, void *target)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_note *note = &notes[i];
        bool is_over = uuid_equal(note->id, job->id) && !note->is_gone &&
                       note->revision < job->revision && note->state != job->state &&
                       job_state_is_active(note->state);
        if (!is_over)
            continue;
        struct job was = job_as_it_was(job, note->state, note->revision);
        see(target, &was);
    }
    see(target, job);
}

bool lookup_notes(struct pg *pg, const struct event_note *notes, size_t count, lookup_see *see,
                  void *target, struct err *err)
{
    struct jobs jobs CLEANUP(jobs_done);
    jobs_init(&jobs);
    for (size_t i = 0; i < count; i++)
        if (!notes[i].is_gone)
            jobs_add(&jobs, notes[i].id, notes[i].revision - 1);
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!read_jobs(pg, &jobs, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct job job;
        pg_read_job(result, row, &arena, &job);
        see_job(&job, notes, count, see, target);
    }
    return true;
}
