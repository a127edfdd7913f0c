/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_answer.h.
 */
#include "server/http_answer.h"

enum { MS_PER_S = 1000 };

void http_answer_secure(struct http_call *call, bool has_tls)
{
    http_add_field(call, "X-Content-Type-Options", STR("nosniff"));
    http_add_field(call, "X-Frame-Options", STR("DENY"));
    http_add_field(call, "Referrer-Policy", STR("no-referrer"));
    http_add_field(call, "Cross-Origin-Resource-Policy", STR("same-origin"));
    http_add_field(call, "Cache-Control", STR("no-store"));
    if (has_tls)
        http_add_field(call, "Strict-Transport-Security", STR("max-age=31536000"));
}

json_t *http_answer_text(struct str text)
{
    json_t *json = json_stringn(text.len ? text.ptr : "", text.len);
    return json ? json : json_string("");
}

json_t *http_answer_time(int64_t ms)
{
    return ms ? json_integer(ms) : json_null();
}

/* Takes the reference. */
static void reply(struct http_call *call, int status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    http_reply(call, status, "application/json", str_of(text));
    free(text);
    json_decref(json);
}

void http_answer_data(struct http_call *call, int status, json_t *data, json_t *more)
{
    json_t *envelope = json_pack("{s:o, s:n}", "data", data, "error");
    if (more) {
        (void)json_object_update(envelope, more);
        json_decref(more);
    }
    reply(call, status, envelope);
}

static const char *code_of(enum err_code code)
{
    return code == ERR_LIMIT ? "RATE_LIMIT" : err_code_name(code); /* the journal's own name */
}

static void add_retry_after(struct http_call *call, int64_t ms)
{
    http_add_field(
        call, "Retry-After",
        arena_printf(http_arena(call), "%lld", (long long)((ms + MS_PER_S - 1) / MS_PER_S)));
}

/* States of jobs are in lower case here. What refuses one says nothing that a caller wrote. */
static json_t *message_of(const struct err *err)
{
    char text[ERR_TEXT_SIZE];
    (void)snprintf(text, sizeof text, "%s", err->text);
    if (err->code != ERR_WRONG_STATE && err->code != ERR_NOT_READY)
        return http_answer_text(str_of(text));
    for (unsigned i = 0; i < JOB_STATE_COUNT; i++) {
        const char *name = job_state_name((enum job_state)i);
        for (char *at = strstr(text, name); at; at = strstr(at, name))
            for (size_t k = strlen(name); k > 0; k--, at++)
                *at = str_lower(*at);
    }
    return http_answer_text(str_of(text));
}

void http_answer_error(struct http_call *call, const struct err *err)
{
    int status = http_status_from_err(err->code);
    json_t *error = json_pack("{s:s, s:o}", "code", code_of(err->code), "message", message_of(err));
    if (err->field[0])
        (void)json_object_set_new(error, "field", http_answer_text(str_of(err->field)));
    if (err->retry_after_ms > 0) {
        (void)json_object_set_new(error, "retryAfterMs", json_integer(err->retry_after_ms));
        add_retry_after(call, err->retry_after_ms);
    }
    if (status == http_status_from_err(ERR_UNAUTHENTICATED))
        http_add_field(call, "WWW-Authenticate", STR("Bearer"));
    reply(call, status, json_pack("{s:o}", "error", error));
}

void http_answer_status(struct http_call *call, int status, const char *code, const char *text)
{
    reply(call, status, json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", text));
}
