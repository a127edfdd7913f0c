/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq deliveries and resend: who was told of ends by webhooks, and is told once more.
 */
#include "client/cli.h"
#include "client/screen.h"

#include "base/str.h"
#include "client/when.h"

enum { DEFAULT_LIMIT = 100, ID_WIDTH = 36 };

/* What was asked for, and where printing stands. */
struct deliveries {
    struct cli *cli;
    Exportqueue__V1__ListWebhookDeliveriesRequest request;
    int64_t limit;
    bool has_begun;
    int host; /* widths of columns, which never get narrower */
    int owner;
};

/* ---- Printing ---- */

static const char state_prefix[] = "WEBHOOK_DELIVERY_STATE_";

/* "GIVEN_UP" for WEBHOOK_DELIVERY_STATE_GIVEN_UP. */
static const char *state_name(Exportqueue__V1__WebhookDeliveryState state)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(
        &exportqueue__v1__webhook_delivery_state__descriptor, (int)state);
    return known ? known->name + strlen(state_prefix) : "UNKNOWN";
}

/* What the last attempt came to, and when the next one is: "it answered 500; next 2026-…". */
static const char *outcome_of(const Exportqueue__V1__WebhookDelivery *delivery, struct arena *arena)
{
    char time[CALENDAR_TEXT_SIZE] = "";
    const char *last = delivery->last_error;
    if (!last[0] && delivery->last_status)
        last = arena_printf(arena, "%d", (int)delivery->last_status).ptr;
    if (!delivery->next_attempt)
        return last;
    when_format_seconds(delivery->next_attempt, time);
    return arena_printf(arena, "%s%snext %s", last, last[0] ? "; " : "", time).ptr;
}

static void widen(int *width, const char *text)
{
    int len = (int)strlen(text);
    if (len > *width)
        *width = len;
}

/* Leaves out the job where one was asked for, and the owner where it is the caller. */
static void print_row(const struct deliveries *list, const char *const cells[8])
{
    screen_print("%-*s  %-9s  %5s  %-16s  %-*s  %-20s  ", ID_WIDTH, cells[0], cells[1], cells[2],
                 cells[3], list->host, cells[4], cells[5]);
    if (!list->request.job_id[0])
        screen_print("%-*s  ", ID_WIDTH, cells[6]);
    if (list->request.all_owners)
        screen_print("%-*s  ", list->owner, cells[7]);
}

static void print_delivery(const struct deliveries *list,
                           const Exportqueue__V1__WebhookDelivery *delivery, struct arena *arena)
{
    char time[CALENDAR_TEXT_SIZE] = "";
    if (delivery->created)
        when_format_seconds(delivery->created, time);
    const char *const cells[] = {delivery->id,
                                 state_name(delivery->state),
                                 arena_printf(arena, "%d", (int)delivery->attempts).ptr,
                                 delivery->event,
                                 delivery->host,
                                 time,
                                 delivery->job_id,
                                 delivery->owner};
    print_row(list, cells);
    screen_print("%s\n", outcome_of(delivery, arena));
}

static void print_table(struct deliveries *list,
                        const Exportqueue__V1__ListWebhookDeliveriesResponse *page,
                        struct arena *arena)
{
    static const char *const titles[] = {"ID",   "STATE",   "TRIES", "EVENT",
                                         "HOST", "CREATED", "JOB",   "OWNER"};
    for (size_t i = 0; i < page->n_deliveries; i++) {
        widen(&list->host, page->deliveries[i]->host);
        widen(&list->owner, page->deliveries[i]->owner);
    }
    if (!list->has_begun) {
        print_row(list, titles);
        screen_print("LAST\n");
    }
    list->has_begun = true;
    for (size_t i = 0; i < page->n_deliveries; i++)
        print_delivery(list, page->deliveries[i], arena);
}

static bool print_next(void *target, int32_t size, struct arena *arena, struct cli_page *out,
                       struct err *err)
{
    struct deliveries *list = target;
    Exportqueue__V1__ListWebhookDeliveriesResponse *page = NULL;
    list->request.page_size = size;
    if (!exportq_deliveries(list->cli->exportq, &list->request, arena, &page, err))
        return false;
    for (size_t i = 0; i < page->n_deliveries && list->cli->is_json; i++)
        cli_print_json(&page->deliveries[i]->base, true);
    if (!list->cli->is_json)
        print_table(list, page, arena);
    list->request.page_token = page->next_page_token;
    *out = (struct cli_page){page->n_deliveries, page->next_page_token[0] != '\0'};
    return true;
}

/* ---- Options ---- */

enum { STATE, LIMIT, ALL_OWNERS };

static const struct option deliveries_options[] = {
    [STATE] = {"--state", 's', true},
    [LIMIT] = {"--limit", 'n', true},
    [ALL_OWNERS] = {"--all-owners", 0, false},
};

static bool take_state(struct deliveries *list, const char *value)
{
    const ProtobufCEnumDescriptor *states = &exportqueue__v1__webhook_delivery_state__descriptor;
    for (unsigned i = 0; i < states->n_values; i++) {
        Exportqueue__V1__WebhookDeliveryState state =
            (Exportqueue__V1__WebhookDeliveryState)states->values[i].value;
        if (state && str_equal_nocase(str_of(value), str_of(state_name(state)))) {
            list->request.states[list->request.n_states++] = state;
            return true;
        }
    }
    (void)cli_usage("deliveries", "unknown state %s; there are pending, delivered and given_up",
                    value);
    return false;
}

/* False after telling of a mistake. */
static bool take_option(struct deliveries *list, int at, const char *value)
{
    switch (at) {
    case STATE:
        return take_state(list, value);
    case LIMIT:
        if (str_to_int64(str_of(value), &list->limit) && list->limit >= 1)
            return true;
        (void)cli_usage("deliveries", "--limit takes a number of 1 or more");
        return false;
    case ALL_OWNERS:
        list->request.all_owners = true;
        return true;
    default:
        if (list->request.job_id[0]) {
            (void)cli_usage("deliveries", "deliveries takes one id of a job, and got %s, too",
                            value);
            return false;
        }
        list->request.job_id = (char *)value;
        return true;
    }
}

int cli_deliveries(struct cli *cli)
{
    struct deliveries list = {
        .cli = cli,
        .request = EXPORTQUEUE__V1__LIST_WEBHOOK_DELIVERIES_REQUEST__INIT,
        .limit = DEFAULT_LIMIT,
        .host = (int)strlen("HOST"),
        .owner = (int)strlen("OWNER"),
    };
    struct options options = {.table = deliveries_options,
                              .count = COUNT_OF(deliveries_options),
                              .argc = cli->argc,
                              .argv = cli->argv};
    const char *value = NULL;
    struct err err = {0};
    int at = 0;
    list.request.states =
        arena_alloc_array(&cli->arena, (size_t)cli->argc, sizeof *list.request.states);
    while ((at = options_next(&options, &value, &err)) != OPTIONS_END) {
        if (at == OPTIONS_BAD)
            return cli_usage("deliveries", "%s", err.text);
        if (!take_option(&list, at, value))
            return CLI_USAGE;
    }
    const struct cli_pages pages = {list.limit, &list, print_next};
    return cli_print_pages(cli, &pages);
}

/* ---- Once more ---- */

int cli_resend(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__ResendWebhookResponse *response = NULL;
    const char *id = cli_one_id(cli, "resend");
    if (!id)
        return CLI_USAGE;
    if (!exportq_resend(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    const Exportqueue__V1__WebhookDelivery *delivery = response->delivery;
    if (cli->is_json)
        cli_print_json(&response->base, false);
    else
        screen_print("%s of job %s is sent to %s once more; exportq deliveries %s tells what comes "
                     "of it\n",
                     delivery->event, delivery->job_id, delivery->host, delivery->job_id);
    return CLI_DONE;
}
