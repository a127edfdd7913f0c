/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Here: the log of webhooks, both ways.
 */
#include "server/convert.h"
#include "webhook/payload.h"
#include "webhook/url.h"

static const Exportqueue__V1__WebhookDeliveryState proto_states[DELIVERY_STATE_COUNT] = {
    [DELIVERY_PENDING] = EXPORTQUEUE__V1__WEBHOOK_DELIVERY_STATE__WEBHOOK_DELIVERY_STATE_PENDING,
    [DELIVERY_DELIVERED] =
        EXPORTQUEUE__V1__WEBHOOK_DELIVERY_STATE__WEBHOOK_DELIVERY_STATE_DELIVERED,
    [DELIVERY_GIVEN_UP] = EXPORTQUEUE__V1__WEBHOOK_DELIVERY_STATE__WEBHOOK_DELIVERY_STATE_GIVEN_UP,
};

static char *id_text(struct uuid id, struct arena *arena)
{
    char *text = arena_alloc(arena, UUID_TEXT_LEN + 1);
    uuid_format(id, text);
    return text;
}

Exportqueue__V1__WebhookDelivery *convert_delivery(const struct delivery *delivery,
                                                   struct arena *arena)
{
    static const Exportqueue__V1__WebhookDelivery initial = EXPORTQUEUE__V1__WEBHOOK_DELIVERY__INIT;
    Exportqueue__V1__WebhookDelivery *out = arena_alloc(arena, sizeof *out);
    *out = initial;
    out->id = id_text(delivery->id, arena);
    out->job_id = id_text(delivery->job.id, arena);
    out->owner = arena_copy_text(arena, delivery->job.owner);
    out->event = arena_copy_text(arena, str_of(webhook_event(delivery->job.state)));
    out->host = arena_copy_text(arena, webhook_host(delivery->url, arena));
    if (delivery->state < DELIVERY_STATE_COUNT)
        out->state = proto_states[delivery->state];
    out->attempts = delivery->attempt;
    out->last_status = delivery->status;
    out->last_error = arena_copy_text(arena, delivery->reason);
    out->created = convert_time(delivery->created_ms, arena);
    if (delivery->state == DELIVERY_PENDING)
        out->next_attempt = convert_time(delivery->next_ms, arena);
    else
        out->settled = convert_time(delivery->settled_ms, arena);
    return out;
}

static bool take_state(Exportqueue__V1__WebhookDeliveryState state, unsigned *out, struct err *err)
{
    for (unsigned i = 0; i < DELIVERY_STATE_COUNT; i++)
        if (proto_states[i] == state) {
            *out |= BIT(i);
            return true;
        }
    return convert_refuse_number(&exportqueue__v1__webhook_delivery_state__descriptor, (int)state,
                                 "states", err);
}

bool convert_deliveries_request(const Exportqueue__V1__ListWebhookDeliveriesRequest *request,
                                struct exports_deliveries_request *out, struct err *err)
{
    struct exports_deliveries_request list = {.page_size = request->page_size,
                                              .has_all_owners = request->all_owners};
    for (size_t i = 0; i < request->n_states; i++)
        if (!take_state(request->states[i], &list.states, err))
            return false;
    if (!convert_text(request->page_token, "page_token", CONVERT_MAX_NAME, &list.page_token, err) ||
        !convert_text(request->job_id, "job_id", CONVERT_MAX_NAME, &list.job_id, err))
        return false;
    *out = list;
    return true;
}
