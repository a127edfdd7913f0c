/* SPDX-License-Identifier: Apache-2.0
 *
 * See exports.h. Here: the audit, read by those who may.
 */
#include "server/exports.h"

#include "server/page.h"

static bool check_reader(const struct exports *exports, const struct caller *caller,
                         struct err *err)
{
    return caller->is_admin || identity_is_open(exports->identity) ||
           err_set(err, ERR_DENIED, "only an admin may read the audit");
}

bool exports_list_audit(struct exports *exports, const struct caller *caller,
                        const struct exports_audit_request *request, struct arena *arena,
                        struct exports_audit_page *out, struct err *err)
{
    struct audit_query query = {
        .actor = request->actor,
        .owner = request->owner,
        .actions = request->actions,
        .since_ms = request->since_ms,
        .until_ms = request->until_ms,
    };
    struct exports_audit_page page = {0};
    size_t size = 0;
    if (!check_reader(exports, caller, err) || !page_size_read(request->page_size, &size, err) ||
        !page_number_read(request->page_token, &query.before, err) ||
        !exports_take_job(request->job_id, &query.has_job, &query.job, err))
        return false;
    query.limit = size + 1; /* one more tells whether there is a next page */
    if (!store_list_audit(exports->store, &query, arena, &page.entries, &page.count, err))
        return false;
    if (page.count > size) {
        page.count = size;
        page.next_page_token = page_number_make(page.entries[size - 1].number, arena);
    }
    *out = page;
    return true;
}
