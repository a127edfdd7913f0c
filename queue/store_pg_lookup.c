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

/* A job that is looked up if it changed since a revision. */
struct known {
    struct uuid id;
    int64_t revision;
};

struct lookup {
    struct known *jobs;
    size_t count;
    size_t cap;
    json_t *owners;
    bool has_all; /* the jobs of every owner */
};

/* Two array literals of the same length. */
struct arrays {
    struct buf ids;
    struct buf revisions;
};

static void arrays_done(struct arrays *arrays)
{
    buf_done(&arrays->ids);
    buf_done(&arrays->revisions);
}

static int compare(const void *a, const void *b)
{
    const struct known *left = a;
    const struct known *right = b;
    int by_id = uuid_compare(left->id, right->id);
    return by_id ? by_id : (left->revision < right->revision) - (left->revision > right->revision);
}

/* Each job once, by the highest revision that is known of it: many may watch the same. */
static bool write_arrays(struct lookup *lookup, struct arrays *out, struct err *err)
{
    buf_init(&out->ids, ARRAY_MAX_BYTES);
    buf_init(&out->revisions, ARRAY_MAX_BYTES);
    if (lookup->count)
        qsort(lookup->jobs, lookup->count, sizeof *lookup->jobs, compare);
    for (size_t i = 0; i < lookup->count; i++) {
        const struct known *known = &lookup->jobs[i];
        if (i && uuid_equal(known->id, known[-1].id))
            continue;
        char text[UUID_TEXT_LEN + 1];
        uuid_format(known->id, text);
        buf_printf(&out->ids, "%c%s", i ? ',' : '{', text);
        buf_printf(&out->revisions, "%c%lld", i ? ',' : '{', (long long)known->revision);
    }
    buf_add_char(&out->ids, '}');
    buf_add_char(&out->revisions, '}');
    if (buf_is_ok(&out->ids) && buf_is_ok(&out->revisions))
        return true;
    return err_set(err, ERR_INTERNAL, "too many jobs are watched to look them up");
}

static bool read_jobs(struct pg *pg, const struct arrays *arrays, PGresult **out, struct err *err)
{
    static const struct pg_statement get = {"get_jobs", SQL_GET_JOBS, 2};
    const char *const values[] = {arrays->ids.ptr, arrays->revisions.ptr};
    return pg_run(pg, &get, values, PG_STATEMENT_MS, out, err);
}

static bool read_missing(struct pg *pg, const struct arrays *arrays, PGresult **out,
                         struct err *err)
{
    static const struct pg_statement missing = {"missing_jobs", SQL_MISSING_JOBS, 1};
    const char *const values[] = {arrays->ids.ptr};
    return pg_run(pg, &missing, values, PG_STATEMENT_MS, out, err);
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
    lookup->owners = json_array();
    return lookup;
}

void lookup_free(struct lookup *lookup)
{
    free(lookup->jobs);
    json_decref(lookup->owners);
    free(lookup);
}

void lookup_add_job(void *target, struct uuid id, int64_t revision)
{
    struct lookup *lookup = target;
    if (lookup->count == lookup->cap) {
        lookup->cap = lookup->cap ? 2 * lookup->cap : 64;
        lookup->jobs = mem_resize_array(lookup->jobs, lookup->cap, sizeof *lookup->jobs);
    }
    lookup->jobs[lookup->count++] = (struct known){id, revision};
}

void lookup_add_scope(void *target, const struct watch_scope *scope)
{
    struct lookup *lookup = target;
    if (scope->has_id)
        lookup_add_job(lookup, scope->id, 0);
    else if (str_is_empty(scope->owner))
        lookup->has_all = true;
    else
        (void)json_array_append_new(lookup->owners,
                                    json_stringn(scope->owner.ptr, scope->owner.len));
}

void lookup_raise(struct lookup *lookup, int64_t (*revision_of)(void *target, struct uuid id),
                  void *target)
{
    for (size_t i = 0; i < lookup->count; i++)
        if (lookup->jobs[i].revision == 0)
            lookup->jobs[i].revision = revision_of(target, lookup->jobs[i].id);
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

static bool read_all(const struct lookup *lookup, struct pg *pg, PGresult **out, struct err *err)
{
    static const struct pg_statement active = {"active_of_all", SQL_ACTIVE_OF_ALL, 1};
    struct pg_number limit;
    const char *const values[] = {pg_int(&limit, LOOKUP_ALL_MAX)};
    *out = NULL;
    return !lookup->has_all || pg_run(pg, &active, values, PG_STATEMENT_MS, out, err);
}

static void see_missing(const PGresult *result, lookup_gone *gone, void *target)
{
    struct uuid id;
    for (int row = 0; row < PQntuples(result); row++)
        if (uuid_parse(str_of(PQgetvalue(result, row, 0)), &id))
            gone(target, id);
}

bool lookup_run(struct lookup *lookup, struct pg *pg, const struct lookup_eyes *eyes,
                struct err *err)
{
    PGresult *jobs CLEANUP(pg_clear) = NULL;
    PGresult *missing CLEANUP(pg_clear) = NULL;
    PGresult *owned CLEANUP(pg_clear) = NULL;
    PGresult *all CLEANUP(pg_clear) = NULL;
    struct arrays arrays CLEANUP(arrays_done) = {0};
    bool has_jobs = lookup->count > 0;
    if ((has_jobs && (!write_arrays(lookup, &arrays, err) || !read_jobs(pg, &arrays, &jobs, err) ||
                      !read_missing(pg, &arrays, &missing, err))) ||
        !read_owners(lookup, pg, &owned, err) || !read_all(lookup, pg, &all, err))
        return false;
    if (has_jobs) {
        see_rows(jobs, eyes->see, eyes->target);
        see_missing(missing, eyes->gone, eyes->target);
    }
    see_rows(owned, eyes->see, eyes->target);
    see_rows(all, eyes->see, eyes->target);
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

bool lookup_notes(struct pg *pg, const struct event_note *notes, size_t count,
                  const struct lookup_eyes *eyes, struct err *err)
{
    struct lookup *lookup = lookup_new();
    struct arrays arrays CLEANUP(arrays_done) = {0};
    PGresult *result CLEANUP(pg_clear) = NULL;
    for (size_t i = 0; i < count; i++)
        if (!notes[i].is_gone)
            lookup_add_job(lookup, notes[i].id, notes[i].revision - 1);
    bool is_read = lookup->count == 0 ||
                   (write_arrays(lookup, &arrays, err) && read_jobs(pg, &arrays, &result, err));
    lookup_free(lookup);
    for (int row = 0; is_read && row < PQntuples(result); row++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct job job;
        pg_read_job(result, row, &arena, &job);
        see_job(&job, notes, count, eyes->see, eyes->target);
    }
    return is_read;
}
