/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Here: the audit, both ways.
 */
#include "server/convert.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

/* What a Timestamp may hold: years 1 to 9999. */
static const int64_t first_second = INT64_C(-62135596800);
static const int64_t last_second = INT64_C(253402300799);

static const Exportqueue__V1__AuditAction proto_actions[AUDIT_ACTION_COUNT] = {
    [AUDIT_CREATE] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_CREATE,
    [AUDIT_CANCEL] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_CANCEL,
    [AUDIT_RETRY] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_RETRY,
    [AUDIT_DELETE] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_DELETE,
    [AUDIT_TOKEN] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_TOKEN,
    [AUDIT_DOWNLOAD] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_DOWNLOAD,
    [AUDIT_RESUME] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_RESUME,
    [AUDIT_RESEND] = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_RESEND,
};

/* ---- Out ---- */

Exportqueue__V1__AuditEntry *convert_audit_entry(const struct audit_entry *entry,
                                                 struct arena *arena)
{
    static const Exportqueue__V1__AuditEntry initial = EXPORTQUEUE__V1__AUDIT_ENTRY__INIT;
    Exportqueue__V1__AuditEntry *out = arena_alloc(arena, sizeof *out);
    *out = initial;
    out->number = entry->number;
    out->time = convert_time(entry->at_ms, arena);
    if (entry->action < AUDIT_ACTION_COUNT)
        out->action = proto_actions[entry->action];
    out->actor = arena_copy_text(arena, entry->actor.name);
    out->address = arena_copy_text(arena, entry->actor.address);
    out->job_id = arena_alloc(arena, UUID_TEXT_LEN + 1);
    uuid_format(entry->job, out->job_id);
    out->owner = arena_copy_text(arena, entry->owner);
    out->type = arena_copy_text(arena, entry->type);
    return out;
}

/* ---- In ---- */

static bool take_action(Exportqueue__V1__AuditAction action, unsigned *out, struct err *err)
{
    for (unsigned i = 0; i < AUDIT_ACTION_COUNT; i++)
        if (proto_actions[i] == action) {
            *out |= BIT(i);
            return true;
        }
    return convert_refuse_number(&exportqueue__v1__audit_action__descriptor, (int)action, "actions",
                                 err);
}

/* A bound in whole milliseconds: entries have no parts of them, so the next one up parts them the
 * same way. At least 1, for 0 means that there is no bound; nothing is as old as that. */
static bool take_bound(const Google__Protobuf__Timestamp *time, const char *field, int64_t *out,
                       struct err *err)
{
    if (!time)
        return true;
    if (time->seconds < first_second || time->seconds > last_second || time->nanos < 0 ||
        time->nanos >= NS_PER_S)
        return err_set_field(err, field,
                             "%s is no time: accepted are years 1 to 9999 and nanos of 0 to "
                             "999999999",
                             field);
    int64_t ms = time->seconds * MS_PER_S + (time->nanos + NS_PER_MS - 1) / NS_PER_MS;
    *out = ms > 0 ? ms : 1;
    return true;
}

bool convert_audit_request(const Exportqueue__V1__ListAuditEntriesRequest *request,
                           struct exports_audit_request *out, struct err *err)
{
    struct exports_audit_request list = {.page_size = request->page_size};
    for (size_t i = 0; i < request->n_actions; i++)
        if (!take_action(request->actions[i], &list.actions, err))
            return false;
    if (!convert_text(request->page_token, "page_token", CONVERT_MAX_NAME, &list.page_token, err) ||
        !convert_text(request->actor, "actor", CONVERT_MAX_NAME, &list.actor, err) ||
        !convert_text(request->owner, "owner", CONVERT_MAX_NAME, &list.owner, err) ||
        !convert_text(request->job_id, "job_id", CONVERT_MAX_NAME, &list.job_id, err) ||
        !take_bound(request->since, "since", &list.since_ms, err) ||
        !take_bound(request->until, "until", &list.until_ms, err))
        return false;
    *out = list;
    return true;
}
