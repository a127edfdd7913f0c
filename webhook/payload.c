/* SPDX-License-Identifier: Apache-2.0
 *
 * See payload.h.
 */
#include "webhook/payload.h"

#include "base/calendar.h"

#include <jansson.h>

#define EVENT_PREFIX "export."

static const char *const events[JOB_STATE_COUNT] = {
    [JOB_COMPLETED] = EVENT_PREFIX "completed",
    [JOB_FAILED] = EVENT_PREFIX "failed",
    [JOB_CANCELLED] = EVENT_PREFIX "cancelled",
};

const char *webhook_event(enum job_state state)
{
    return events[state];
}

static void set_text(json_t *object, const char *key, struct str text)
{
    json_t *value = str_is_empty(text) ? json_null() : json_stringn(text.ptr, text.len);
    (void)json_object_set_new(object, key, value ? value : json_null()); /* what is not UTF-8 */
}

static void set_number(json_t *object, const char *key, int64_t number)
{
    (void)json_object_set_new(object, key, json_integer(number));
}

static void set_time(json_t *object, const char *key, int64_t ms)
{
    (void)json_object_set_new(object, key, ms ? json_integer(ms) : json_null());
}

static json_t *error_json(const struct job *job)
{
    if (job->state != JOB_FAILED)
        return json_null();
    json_t *error = json_object();
    set_text(error, "code", str_of(err_code_name(job->error.code)));
    set_text(error, "message", job->error.message);
    return error;
}

static json_t *job_json(const struct job *job)
{
    json_t *data = json_object();
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    set_text(data, "id", str_of(id));
    set_text(data, "type", job->spec.type);
    set_text(data, "format", job->spec.format);
    set_text(data, "status", str_of(events[job->state] + strlen(EVENT_PREFIX)));
    set_text(data, "owner", job->owner);
    set_text(data, "requestId", job->request_id);
    set_number(data, "attempt", job->attempt);
    set_time(data, "createdAt", job->created_ms);
    set_time(data, "startedAt", job->started_ms);
    set_time(data, "completedAt", job->completed_ms);
    set_time(data, "expiresAt", job->expires_ms);
    (void)json_object_set_new(data, "error", error_json(job));
    if (job->state != JOB_COMPLETED)
        return data;
    set_text(data, "filename", job->file.name);
    set_text(data, "sha256", job->file.sha256);
    set_number(data, "size", job->file.size);
    set_number(data, "rows", job->file.rows);
    return data;
}

struct str webhook_payload(const struct delivery *delivery, struct arena *arena)
{
    char time[CALENDAR_TEXT_SIZE];
    size_t time_len = calendar_format_timestamp(delivery->created_ms * 1000, time);
    json_t *event = json_object();
    set_text(event, "type", str_of(webhook_event(delivery->job.state)));
    set_text(event, "timestamp", (struct str){time, time_len});
    (void)json_object_set_new(event, "data", job_json(&delivery->job));
    char *text = json_dumps(event, JSON_COMPACT);
    struct str body = arena_copy_str(arena, str_of(text));
    free(text);
    json_decref(event);
    return body;
}
