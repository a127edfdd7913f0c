/* SPDX-License-Identifier: Apache-2.0
 *
 * See exports.h. Here: who was told of ends by webhooks, and is told once more.
 */
#include "base/utf8.h"
#include "server/audit_log.h"
#include "server/exports.h"
#include "server/page.h"

bool exports_list_deliveries(struct exports *exports, const struct caller *caller,
                             const struct exports_deliveries_request *request, struct arena *arena,
                             struct exports_deliveries_page *out, struct err *err)
{
    struct delivery_query query = {.states = request->states};
    struct exports_deliveries_page page = {0};
    size_t size = 0;
    if ((request->has_all_owners && !exports_require_admin(caller, err)) ||
        !page_size_read(request->page_size, &size, err) ||
        !page_number_read(request->page_token, &query.before, err) ||
        !exports_take_job(request->job_id, &query.has_job, &query.job, err))
        return false;
    if (!request->has_all_owners && !(caller->is_admin && query.has_job))
        query.owner = caller->owner;
    query.limit = size + 1; /* one more tells whether there is a next page */
    if (!store_list_deliveries(exports->store, &query, arena, &page.deliveries, &page.count, err))
        return false;
    if (page.count > size) {
        page.count = size;
        page.next_page_token = page_number_make(page.deliveries[size - 1].number, arena);
    }
    *out = page;
    return true;
}

static bool take_id(struct str text, struct uuid *out, struct err *err)
{
    if (str_is_empty(text))
        return err_set_field(err, "id", "the id is missing; give the id of a webhook delivery");
    return uuid_parse(text, out) ||
           err_set(err, ERR_NOT_FOUND, "there is no webhook delivery \"%.*s\"",
                   STR_ARG(utf8_cut(text, UUID_TEXT_LEN)));
}

bool exports_resend_delivery(struct exports *exports, const struct caller *caller, struct str id,
                             struct arena *arena, struct delivery *out, struct err *err)
{
    struct delivery_again again = {.owner = caller->is_admin ? (struct str){0} : caller->owner,
                                   .actor = exports_actor(caller)};
    unsigned acts = 0;
    if (!take_id(id, &again.id, err) || !webhooks_require_on(exports->webhooks, err))
        return false;
    if (atomic_load(&exports->is_draining))
        return err_set(err, ERR_UNAVAILABLE,
                       "the server is shutting down and sends nothing more; try again soon");
    if (!limits_take_create(exports->limits, caller->owner, err) ||
        !store_resend_delivery(exports->store, &again, arena, out, &acts, err))
        return false;
    audit_log(acts, &again.actor, &out->job);
    return true;
}
