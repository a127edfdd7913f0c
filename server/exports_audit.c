/* SPDX-License-Identifier: Apache-2.0
 *
 * See exports.h. Here: the audit, read by those who may.
 */
#include "server/exports.h"

#include "base/base64.h"
#include "base/utf8.h"

enum { PAGE_SIZE_DEFAULT = 50, PAGE_SIZE_MAX = 100, TOKEN_BYTES = 8 };

static bool check_reader(const struct exports *exports, const struct caller *caller,
                         struct err *err)
{
    return caller->is_admin || identity_is_open(exports->identity) ||
           err_set(err, ERR_DENIED, "only an admin may read the audit");
}

static bool take_page_size(int32_t asked, size_t *out, struct err *err)
{
    if (asked < 0)
        return err_set_field(err, "page_size",
                             "the page_size is %d; accepted are 1 to %d, or 0 for %d", (int)asked,
                             PAGE_SIZE_MAX, PAGE_SIZE_DEFAULT);
    *out = asked ? (size_t)asked : PAGE_SIZE_DEFAULT;
    if (*out > PAGE_SIZE_MAX)
        *out = PAGE_SIZE_MAX;
    return true;
}

/* A page token is the number of the last entry of the page before, so that it holds whatever is
 * added meanwhile. */
static bool take_page_token(struct str text, int64_t *out, struct err *err)
{
    struct buf bytes CLEANUP(buf_done);
    buf_init(&bytes, TOKEN_BYTES);
    uint64_t number = 0;
    if (str_is_empty(text))
        return true;
    bool is_ok = base64url_decode(text, &bytes) && bytes.len == TOKEN_BYTES;
    for (size_t i = 0; is_ok && i < TOKEN_BYTES; i++)
        number = number << 8 | (unsigned char)bytes.ptr[i];
    if (!is_ok || number < 1 || number > INT64_MAX)
        return err_set_field(err, "page_token",
                             "this page_token is not one of ours; give the next_page_token of the "
                             "page before, or none");
    *out = (int64_t)number;
    return true;
}

static struct str make_page_token(const struct audit_entry *last, struct arena *arena)
{
    unsigned char bytes[TOKEN_BYTES];
    struct buf text CLEANUP(buf_done);
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        bytes[i] = (unsigned char)((uint64_t)last->number >> (8 * (TOKEN_BYTES - 1 - i)));
    buf_init(&text, 2 * TOKEN_BYTES);
    base64url_encode(bytes, sizeof bytes, &text);
    return arena_copy_str(arena, buf_str(&text));
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
    if (!check_reader(exports, caller, err) || !take_page_size(request->page_size, &size, err) ||
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
