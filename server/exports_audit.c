/* SPDX-License-Identifier: Apache-2.0
 *
 * See exports.h. Here: the audit, read by those who may.
 */
#include "server/exports.h"

#include "base/utf8.h"
#include "server/page.h"

enum { NUMBER_BYTES = 8 };

static bool check_reader(const struct exports *exports, const struct caller *caller,
                         struct err *err)
{
    return caller->is_admin || identity_is_open(exports->identity) ||
           err_set(err, ERR_DENIED, "only an admin may read the audit");
}

/* Its key is the number of the last entry, the highest byte first. */
static bool take_page_token(struct str token, int64_t *out, struct err *err)
{
    unsigned char bytes[NUMBER_BYTES];
    uint64_t number = 0;
    bool is_given = false;
    if (!page_token_read(token, bytes, sizeof bytes, &is_given, err))
        return false;
    for (size_t i = 0; is_given && i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    if (is_given && (number < 1 || number > INT64_MAX))
        return page_token_refuse(err);
    *out = (int64_t)number;
    return true;
}

static struct str make_page_token(const struct audit_entry *last, struct arena *arena)
{
    unsigned char bytes[NUMBER_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((uint64_t)last->number >> (8 * (sizeof bytes - 1 - i)));
    return page_token_make(bytes, sizeof bytes, arena);
}

static bool take_job(struct str text, struct audit_query *query, struct err *err)
{
    query->has_job = !str_is_empty(text);
    return !query->has_job || uuid_parse(text, &query->job) ||
           err_set_field(err, "job_id", "the job_id is \"%.*s\"; it takes the id of a job",
                         STR_ARG(utf8_cut(text, UUID_TEXT_LEN)));
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
        !take_page_token(request->page_token, &query.before, err) ||
        !take_job(request->job_id, &query, err))
        return false;
    query.limit = size + 1; /* one more tells whether there is a next page */
    if (!store_list_audit(exports->store, &query, arena, &page.entries, &page.count, err))
        return false;
    if (page.count > size) {
        page.count = size;
        page.next_page_token = make_page_token(&page.entries[size - 1], arena);
    }
    *out = page;
    return true;
}
