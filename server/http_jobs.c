/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_jobs.h. The same use cases as behind gRPC (exports.h), and the same checks of form
 * (convert.h).
 */
#include "server/http_jobs.h"

#include "server/convert.h"
#include "server/http_answer.h"
#include "server/http_create.h"
#include "server/http_enter.h"
#include "server/http_field.h"
#include "server/http_json.h"
#include "server/http_list.h"

static const struct str no_job = {0};

static bool is_json(struct http_call *call)
{
    return str_starts_with(http_field(call, "content-type"), STR("application/json"));
}

static bool create(const struct http_door *door, struct http_call *call,
                   const struct caller *caller, struct job *out, struct err *err)
{
    struct arena *arena = http_arena(call);
    Exportqueue__V1__CreateJobRequest *request = NULL;
    struct job_spec spec;
    if (!http_create_read(http_body(call), arena, &request, err))
        return false;
    if (convert_spec(request, door->exports->limits, arena, &spec, err) &&
        exports_create(door->exports, caller, &spec, http_field(call, "x-request-id"), arena, out,
                       err))
        return true;
    http_field_translate(request, err);
    return false;
}

void http_jobs_create(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct job job;
    struct err err = {0};
    bool is_known = http_enter(door, call, &caller, &err);
    if (is_known && !is_json(call)) /* a form of another page could not send that */
        http_answer_status(call, 415, "UNSUPPORTED_MEDIA_TYPE",
                           "send the job as JSON, with Content-Type: application/json");
    else if (is_known && create(door, call, &caller, &job, &err))
        http_answer_data(call, 202, http_json_job(door->exports, &job), NULL);
    else
        http_fail(door, call, &caller, no_job, &err);
}

static const char *state_name(unsigned state)
{
    return job_state_name((enum job_state)state);
}

static bool read_list_request(struct http_call *call, struct exports_list_request *out,
                              struct err *err)
{
    static const struct http_list_names states = {state_name, JOB_STATE_COUNT};
    *out = (struct exports_list_request){.has_all_owners = http_asks_for_all_owners(call)};
    (void)http_query(call, "requestId", &out->request_id);
    (void)http_query(call, "type", &out->type);
    (void)http_query(call, "pageToken", &out->page_token);
    return http_list_page_size(call, &out->page_size, err) &&
           http_list_words(call, "status", &states, &out->states, err);
}

static bool list(const struct http_door *door, struct http_call *call, const struct caller *caller,
                 struct exports_page *out, struct err *err)
{
    struct exports_list_request request;
    if (!read_list_request(call, &request, err))
        return false;
    if (exports_check_type(door->exports, request.type, http_arena(call), err) &&
        exports_list(door->exports, caller, &request, http_arena(call), out, err))
        return true;
    http_field_translate(NULL, err);
    return false;
}

void http_jobs_list(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct exports_page page = {0};
    struct err err = {0};
    if (!http_enter(door, call, &caller, &err) || !list(door, call, &caller, &page, &err)) {
        http_fail(door, call, &caller, no_job, &err);
        return;
    }
    json_t *jobs = json_array();
    for (size_t i = 0; i < page.count; i++)
        (void)json_array_append_new(jobs, http_json_job(door->exports, &page.jobs[i]));
    http_answer_data(call, 200, jobs,
                     json_pack("{s:o}", "nextPageToken", http_answer_text(page.next_page_token)));
}

/* What is done with one job, and answers with it. */
typedef bool act_on_job(struct exports *exports, const struct caller *caller, struct str id,
                        struct arena *arena, struct job *out, struct err *err);

static void act(const struct http_door *door, struct http_call *call, act_on_job *do_it)
{
    struct caller caller = {0};
    struct job job;
    struct err err = {0};
    if (http_enter(door, call, &caller, &err) &&
        do_it(door->exports, &caller, http_part(call, "id"), http_arena(call), &job, &err))
        http_answer_data(call, 200, http_json_job(door->exports, &job), NULL);
    else
        http_fail(door, call, &caller, http_part(call, "id"), &err);
}

void http_jobs_get(void *data, struct http_call *call)
{
    act(data, call, exports_get);
}

void http_jobs_cancel(void *data, struct http_call *call)
{
    act(data, call, exports_cancel);
}

void http_jobs_retry(void *data, struct http_call *call)
{
    act(data, call, exports_retry);
}

void http_jobs_remove(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct str id = http_part(call, "id");
    struct caller caller = {0};
    struct err err = {0};
    if (http_enter(door, call, &caller, &err) && exports_remove(door->exports, &caller, id, &err))
        http_answer_data(call, 200, json_pack("{s:o}", "id", http_answer_text(id)), NULL);
    else
        http_fail(door, call, &caller, id, &err);
}

void http_jobs_issue_token(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct str id = http_part(call, "id");
    struct caller caller = {0};
    struct str token;
    int64_t expires_ms = 0;
    struct err err = {0};
    if (http_enter(door, call, &caller, &err) &&
        exports_issue_token(door->exports, &caller, id, http_arena(call), &token, &expires_ms,
                            &err))
        http_answer_data(call, 200,
                         json_pack("{s:o, s:o, s:o}", "id", http_answer_text(id), "downloadToken",
                                   http_answer_text(token), "tokenExpiresAt",
                                   http_answer_time(expires_ms)),
                         NULL);
    else
        http_fail(door, call, &caller, id, &err);
}

void http_types_list(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct err err = {0};
    if (!http_enter(door, call, &caller, &err)) {
        http_fail(door, call, &caller, no_job, &err);
        return;
    }
    json_t *types = json_array();
    for (size_t i = 0; i < catalog_count(door->exports->catalog); i++)
        (void)json_array_append_new(types, http_json_type(catalog_at(door->exports->catalog, i)));
    http_answer_data(call, 200, types, NULL);
}

/* Who shows what does not hold is told what everybody is. */
void http_health_get(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct exports_health health;
    struct err err = {0};
    http_answer_secure(call, door->has_tls);
    if (!http_guard_check(door, call, &err)) {
        http_fail(door, call, &caller, no_job, &err);
        return;
    }
    if (!http_guard_anyone(door, call, &caller, &err))
        caller = (struct caller){0};
    exports_health(door->exports, &caller, &health);
    http_answer_data(call, 200, http_json_health(&health, door->exports), NULL);
}
