/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_deliveries.h. Of a URL the host alone is told: the rest may hold a secret.
 */
#include "server/http_deliveries.h"

#include "server/http_answer.h"
#include "server/http_enter.h"
#include "server/http_field.h"
#include "server/http_list.h"
#include "webhook/payload.h"
#include "webhook/url.h"

static const struct str no_job = {0};

static const char *state_name(unsigned state)
{
    return delivery_state_name((enum delivery_state)state);
}

static json_t *id_of(struct uuid id)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return json_string(text);
}

static json_t *json_of(struct http_call *call, const struct delivery *delivery)
{
    bool is_pending = delivery->state == DELIVERY_PENDING;
    json_t *out = json_object();
    (void)json_object_set_new(out, "id", id_of(delivery->id));
    (void)json_object_set_new(out, "jobId", id_of(delivery->job.id));
    (void)json_object_set_new(out, "owner", http_answer_text(delivery->job.owner));
    (void)json_object_set_new(out, "event", json_string(webhook_event(delivery->job.state)));
    (void)json_object_set_new(out, "host",
                              http_answer_text(webhook_host(delivery->url, http_arena(call))));
    (void)json_object_set_new(out, "state",
                              http_answer_text(http_list_word(call, state_name(delivery->state))));
    (void)json_object_set_new(out, "attempts", json_integer(delivery->attempt));
    (void)json_object_set_new(out, "lastStatus",
                              delivery->status ? json_integer(delivery->status) : json_null());
    (void)json_object_set_new(out, "lastError",
                              str_is_empty(delivery->reason) ? json_null()
                                                             : http_answer_text(delivery->reason));
    (void)json_object_set_new(out, "createdAt", http_answer_time(delivery->created_ms));
    (void)json_object_set_new(out, "nextAttemptAt",
                              http_answer_time(is_pending ? delivery->next_ms : 0));
    (void)json_object_set_new(out, "settledAt",
                              http_answer_time(is_pending ? 0 : delivery->settled_ms));
    return out;
}

static bool list(const struct http_door *door, struct http_call *call, const struct caller *caller,
                 struct exports_deliveries_page *out, struct err *err)
{
    static const struct http_list_names states = {state_name, DELIVERY_STATE_COUNT};
    struct exports_deliveries_request request = {.has_all_owners = http_asks_for_all_owners(call)};
    (void)http_query(call, "jobId", &request.job_id);
    (void)http_query(call, "pageToken", &request.page_token);
    if (!http_list_page_size(call, &request.page_size, err) ||
        !http_list_words(call, "state", &states, &request.states, err))
        return false;
    if (exports_list_deliveries(door->exports, caller, &request, http_arena(call), out, err))
        return true;
    http_field_translate(NULL, err);
    return false;
}

void http_deliveries_list(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct exports_deliveries_page page = {0};
    struct err err = {0};
    if (!http_enter(door, call, &caller, &err) || !list(door, call, &caller, &page, &err)) {
        http_fail(door, call, &caller, no_job, &err);
        return;
    }
    json_t *deliveries = json_array();
    for (size_t i = 0; i < page.count; i++)
        (void)json_array_append_new(deliveries, json_of(call, &page.deliveries[i]));
    http_answer_data(call, 200, deliveries,
                     json_pack("{s:o}", "nextPageToken", http_answer_text(page.next_page_token)));
}

void http_deliveries_resend(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    struct caller caller = {0};
    struct delivery delivery;
    struct err err = {0};
    if (http_enter(door, call, &caller, &err) &&
        exports_resend_delivery(door->exports, &caller, http_part(call, "id"), http_arena(call),
                                &delivery, &err))
        http_answer_data(call, 200, json_of(call, &delivery), NULL);
    else
        http_fail(door, call, &caller, no_job, &err);
}
