/* SPDX-License-Identifier: Apache-2.0
 *
 * See exports.h.
 */
#include "server/exports.h"

#include "base/log.h"
#include "base/utf8.h"
#include "queue/refusal.h"
#include "server/audit_log.h"
#include "server/page.h"

enum {
    REQUEST_ID_MAX = 128,
    ADDRESS_MAX_BYTES = 64,
    PAGE_MAX_BYTES = 2 * 1024 * 1024, /* what gRPC clients take by default is twice that */
    JOB_FIXED_BYTES = 512,            /* ids, times, counts, names of ours */
    VALUE_FIXED_BYTES = 8,
    MS_PER_S = 1000,
};

bool exports_require_enabled(const struct exports *exports, struct err *err)
{
    if (exports->is_enabled)
        return true;
    return err_set(err, ERR_UNIMPLEMENTED,
                   "the export queue is switched off here; ENABLE_EXPORT_QUEUE=1 turns it on");
}

static bool is_visible(const struct caller *caller, const struct job *job)
{
    return caller->is_admin || str_equal(caller->owner, job->owner);
}

/* The caller's job; what is no id is no job either. Another owner's job is refused in the store's
 * own words for one that is not there. */
static bool find_job(struct exports *exports, const struct caller *caller, struct str id,
                     struct arena *arena, struct job *out, struct err *err)
{
    if (str_is_empty(id))
        return err_set_field(err, "id", "the id is missing; give the id of a job");
    struct uuid uuid;
    struct job job;
    if (!uuid_parse(id, &uuid))
        return err_set(err, ERR_NOT_FOUND, "there is no job \"%.*s\"",
                       STR_ARG(utf8_cut(id, UUID_TEXT_LEN)));
    if (!store_get(exports->store, uuid, arena, &job, err))
        return false;
    if (!is_visible(caller, &job))
        return refuse_unknown(uuid, err);
    *out = job;
    return true;
}

struct actor exports_actor(const struct caller *caller)
{
    return (struct actor){.name = caller->owner,
                          .address = utf8_cut(caller->address, ADDRESS_MAX_BYTES)};
}

bool exports_take_job(struct str id, bool *out_is_given, struct uuid *out, struct err *err)
{
    *out_is_given = !str_is_empty(id);
    return !*out_is_given || uuid_parse(id, out) ||
           err_set_field(err, "job_id", "the job_id is \"%.*s\"; it takes the id of a job",
                         STR_ARG(utf8_cut(id, UUID_TEXT_LEN)));
}

/* The acts that were done, to the log and the metrics. */
static void tell(struct exports *exports, unsigned acts, const struct actor *actor,
                 const struct job *job)
{
    audit_log(acts, actor, job);
    metrics_acts(exports->metrics, acts, job);
}

static bool check_request_id(struct str id, struct err *err)
{
    if (id.len > 0 &&
        utf8_valid_prefix(id.ptr, id.len) != id.len) /* gRPC has seen to it, HTTP has not */
        return err_set_field(err, "request_id", "the request id is not valid UTF-8");
    if (id.len > REQUEST_ID_MAX)
        return err_set_field(err, "request_id",
                             "the request id has %zu bytes; at most %d are accepted", id.len,
                             REQUEST_ID_MAX);
    return true;
}

/* For what the store refused: it has a limit of its own. Returns false. */
static bool count_if_limit(struct exports *exports, const struct err *err)
{
    if (err->code == ERR_LIMIT)
        limits_count_refusal(exports->limits, LIMIT_ACTIVE);
    return false;
}

bool exports_create(struct exports *exports, const struct caller *caller,
                    const struct job_spec *spec, struct str request_id, struct arena *arena,
                    struct job *out, struct err *err)
{
    if (!check_request_id(request_id, err))
        return false;
    if (atomic_load(&exports->is_draining))
        return err_set(err, ERR_UNAVAILABLE,
                       "the server is shutting down and takes no new jobs; try again soon");
    struct plan plan;
    if (!plan_make(exports->catalog, spec, arena, &plan, err))
        return false;
    if (!str_is_empty(spec->webhook_url) &&
        !webhooks_check_url(exports->webhooks, spec->webhook_url, err))
        return false;
    if (!limits_take_create(exports->limits, caller->owner, err))
        return false;
    struct job_draft draft = {.actor = exports_actor(caller),
                              .owner = caller->owner,
                              .request_id = request_id,
                              .trace_parent = caller->trace_parent,
                              .trace_state = caller->trace_state,
                              .spec = *spec};
    draft.spec.format = str_of(plan.format->name);
    unsigned acts = 0;
    if (!store_create(exports->store, &draft, arena, out, &acts, err))
        return count_if_limit(exports, err);
    tell(exports, acts, &draft.actor, out);
    return true;
}

bool exports_get(struct exports *exports, const struct caller *caller, struct str id,
                 struct arena *arena, struct job *out, struct err *err)
{
    return find_job(exports, caller, id, arena, out, err);
}

bool exports_check_type(struct exports *exports, struct str type, struct arena *arena,
                        struct err *err)
{
    const struct job_spec spec = {.type = type};
    struct plan plan;
    if (str_is_empty(type) || catalog_find(exports->catalog, type))
        return true;
    return plan_make(exports->catalog, &spec, arena, &plan, err); /* refuses it as CreateJob does */
}

/* What a job has in an answer, at most. */
static size_t job_bytes(const struct job *job)
{
    const struct job_spec *spec = &job->spec;
    size_t values = spec->column_count + spec->filter_count;
    for (size_t i = 0; i < spec->filter_count; i++)
        values += spec->filters[i].value_count;
    return JOB_FIXED_BYTES + job_spec_bytes(spec) + values * VALUE_FIXED_BYTES + job->owner.len +
           job->request_id.len + job->error.message.len + job->file.name.len;
}

/* How many of the jobs make a page: at least one. */
static size_t count_fitting(const struct job *jobs, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += job_bytes(&jobs[i]);
        if (i > 0 && bytes > PAGE_MAX_BYTES)
            return i;
    }
    return count;
}

bool exports_require_admin(const struct caller *caller, struct err *err)
{
    return caller->is_admin ||
           err_set(err, ERR_DENIED, "only an admin sees the jobs of every owner");
}

bool exports_list(struct exports *exports, const struct caller *caller,
                  const struct exports_list_request *request, struct arena *arena,
                  struct exports_page *out, struct err *err)
{
    if (!check_request_id(request->request_id, err))
        return false;
    size_t page_size = 0;
    if (!page_size_read(request->page_size, &page_size, err))
        return false;
    if (request->has_all_owners && !exports_require_admin(caller, err))
        return false;
    struct job_query query = {
        .owner = request->has_all_owners ? (struct str){0} : caller->owner,
        .states = request->states,
        .type = request->type,
        .request_id = request->request_id,
        .limit = page_size + 1, /* one more tells whether there is a next page */
    };
    struct exports_page page = {0};
    if (!page_token_read(request->page_token, query.before.bytes, sizeof query.before.bytes,
                         &query.has_before, err) ||
        !store_list(exports->store, &query, arena, &page.jobs, &page.count, err))
        return false;
    size_t fitting = count_fitting(page.jobs, page.count < page_size ? page.count : page_size);
    if (page.count > fitting) {
        page.count = fitting;
        page.next_page_token =
            page_token_make(page.jobs[page.count - 1].id.bytes, sizeof query.before.bytes, arena);
    }
    *out = page;
    return true;
}

bool exports_cancel(struct exports *exports, const struct caller *caller, struct str id,
                    struct arena *arena, struct job *out, struct err *err)
{
    const struct actor actor = exports_actor(caller);
    struct job job;
    unsigned acts = 0;
    if (!find_job(exports, caller, id, arena, &job, err) ||
        !store_cancel(exports->store, job.id, &actor, arena, out, &acts, err))
        return false;
    tell(exports, acts, &actor, out);
    return true;
}

bool exports_retry(struct exports *exports, const struct caller *caller, struct str id,
                   struct arena *arena, struct job *out, struct err *err)
{
    const struct actor actor = exports_actor(caller);
    struct job job;
    if (!find_job(exports, caller, id, arena, &job, err))
        return false;
    if (atomic_load(&exports->is_draining))
        return err_set(err, ERR_UNAVAILABLE,
                       "the server is shutting down and queues no more jobs; try again soon");
    if (!limits_take_create(exports->limits, caller->owner, err))
        return false;
    if (!store_retry(exports->store, job.id, &actor, arena, out, err))
        return count_if_limit(exports, err);
    audit_log(BIT(AUDIT_RETRY), &actor, out);
    return true;
}

static bool remove_file(struct exports *exports, const struct job *job, struct err *err)
{
    return str_is_empty(job->file.key) || files_remove(exports->files, job->file.key, err);
}

/* The file goes first: whatever fails then leaves the job, and the caller can try again. A worker
 * may complete the job in between; then its file goes last, and no caller could try that again. */
bool exports_remove(struct exports *exports, const struct caller *caller, struct str id,
                    struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct actor actor = exports_actor(caller);
    struct job job = {0};
    struct job removed = {0};
    unsigned acts = 0;
    if (!find_job(exports, caller, id, &arena, &job, err) || !remove_file(exports, &job, err))
        return false;
    bool is_removed = store_remove(exports->store, job.id, &actor, &arena, &removed, &acts, err);
    tell(exports, acts, &actor, &job); /* it may have been cancelled, and the rest have failed */
    if (!is_removed)
        return false;
    struct err reason = {0};
    if (!str_equal(removed.file.key, job.file.key) && !remove_file(exports, &removed, &reason)) {
        char text[UUID_TEXT_LEN + 1];
        uuid_format(job.id, text);
        log_event(LOG_WARNING, "job.file_left_behind", "job=%s", text);
    }
    return true;
}

bool exports_issue_token(struct exports *exports, const struct caller *caller, struct str id,
                         struct arena *arena, struct str *out_token, int64_t *out_expires_ms,
                         struct err *err)
{
    const struct actor actor = exports_actor(caller);
    struct job job;
    struct token token;
    if (!find_job(exports, caller, id, arena, &job, err) ||
        !limits_take_token(exports->limits, caller->owner, err) ||
        !store_issue_token(exports->store, job.id, &actor, &token.number, err))
        return false;
    audit_log(BIT(AUDIT_TOKEN), &actor, &job);
    token.job = job.id;
    token.expires_s = (clock_now_ms(exports->clock) + exports->token_ttl_ms) / MS_PER_S;
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TOKEN_MAX_BYTES);
    token_sign(exports->keys, &token, &text);
    *out_token = arena_copy_str(arena, buf_str(&text));
    *out_expires_ms = token.expires_s * MS_PER_S;
    return true;
}

/* The lease and the file. */
static bool start_download(struct exports *exports, const struct download_request *request,
                           struct arena *arena, struct exports_download *download, struct err *err)
{
    if (!store_download_open(exports->store, request, arena, &download->job, &download->lease, err))
        return false;
    audit_log(request->offset > 0 ? BIT(AUDIT_RESUME) : BIT(AUDIT_DOWNLOAD), &request->actor,
              &download->job);
    if (files_open(exports->files, download->job.file.key, &download->reader, err))
        return true;
    const struct transfer nothing = {.from = request->offset,
                                     .taken = request->offset - 1,
                                     .sent = request->offset,
                                     .token_no = request->token_no};
    struct err ignored; /* the lease runs out by itself */
    (void)!store_download_close(exports->store, request->id, download->lease, &nothing, &ignored);
    return false;
}

bool exports_check_token(struct exports *exports, const struct caller *caller, struct str text,
                         struct arena *arena, struct exports_pass *out, struct err *err)
{
    struct token token = {.number = 0};
    struct job job;
    *out = (struct exports_pass){.token_no = 0};
    if (str_is_empty(text))
        return err_set_field(err, "token",
                             "the token is missing; ask for a download token of the job");
    bool is_good = token_verify(exports->keys, text, clock_now_ms(exports->clock), &token, err);
    out->job.id = token.job; /* zero if it is not one of ours */
    if (!is_good || !store_get(exports->store, token.job, arena, &job, err))
        return false;
    if (!str_is_empty(caller->owner) && !is_visible(caller, &job))
        return refuse_unknown(token.job, err);
    *out = (struct exports_pass){job, token.number};
    return true;
}

bool exports_open_download(struct exports *exports, const struct caller *caller,
                           const struct exports_pass *pass, int64_t offset, struct arena *arena,
                           struct exports_download *out, struct err *err)
{
    const struct download_request request = {pass->job.id, pass->token_no, offset,
                                             exports_actor(caller)};
    struct exports_download download = {.token_no = pass->token_no};
    /* Before anything of the job changes: who is refused here takes no lease. */
    if (!limits_take_download(exports->limits, pass->job.owner, &download.place, err))
        return false;
    if (!start_download(exports, &request, arena, &download, err)) {
        limits_give_back(&download.place);
        return false;
    }
    *out = download;
    return true;
}

static enum exports_status status_of(struct exports *exports, bool is_store_reachable)
{
    if (!exports->is_enabled)
        return EXPORTS_DISABLED;
    if (atomic_load(&exports->is_draining))
        return EXPORTS_DRAINING;
    return is_store_reachable && atomic_load(&exports->is_file_store_ok) ? EXPORTS_OK
                                                                         : EXPORTS_DEGRADED;
}

static void measure_store(struct exports *exports, struct exports_health *health)
{
    struct timespec begin;
    struct timespec end;
    struct err err = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    health->is_store_reachable = store_count(exports->store, &health->counters, &err);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    health->store_latency_ms =
        (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

enum exports_status exports_feel(struct exports *exports)
{
    struct exports_health health = {0};
    struct err ignored; /* the tasks that fail for it say why */
    if (!exports->is_enabled)
        return EXPORTS_DISABLED;
    atomic_store(&exports->is_file_store_ok, files_check(exports->files, &ignored));
    measure_store(exports, &health);
    atomic_store(&exports->is_store_ok, health.is_store_reachable);
    atomic_store(&exports->store_latency_us, (int64_t)(health.store_latency_ms * 1e3));
    metrics_felt(exports->metrics, &health);
    return status_of(exports, health.is_store_reachable);
}

void exports_health(struct exports *exports, const struct caller *caller,
                    struct exports_health *out)
{
    struct exports_health health = {
        .is_persistent = exports->is_persistent,
        .uptime_ms = clock_monotonic_ms() - exports->started_ms,
        .is_told_all = caller->is_admin || identity_is_open(exports->identity),
        .is_store_reachable = atomic_load(&exports->is_store_ok),
        .store_latency_ms = (double)atomic_load(&exports->store_latency_us) / 1e3,
    };
    if (health.is_told_all && exports->is_enabled)
        measure_store(exports, &health);
    if (health.is_told_all)
        limits_read(exports->limits, health.limits);
    health.has_counters = health.is_told_all && (health.is_store_reachable || !exports->is_enabled);
    health.status = status_of(exports, health.is_store_reachable);
    *out = health;
}
