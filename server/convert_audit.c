/* SPDX-License-Identifier: Apache-2.0
 *
 * See convert.h. Here: the audit, both ways.
 */
#include "server/convert.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000, NAMES_MAX_BYTES = 300 };

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

static bool take_text(const char *text, const char *field, struct str *out, struct err *err)
{
    struct str view = str_of(text);
    if (view.len > CONVERT_MAX_NAME)
        return err_set_field(err, field, "%s has %zu bytes; at most %d are accepted", field,
                             view.len, CONVERT_MAX_NAME);
    *out = view;
    return true;
}

static bool refuse_action(int value, struct err *err)
{
    struct buf names CLEANUP(buf_done);
    buf_init(&names, NAMES_MAX_BYTES);
    for (unsigned i = 0; i < AUDIT_ACTION_COUNT; i++) {
        const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(
            &exportqueue__v1__audit_action__descriptor, (int)proto_actions[i]);
        buf_add_text(&names, i ? ", " : "");
        buf_add_text(&names, known->name);
    }
    return err_set_field(err, "actions", "actions holds %d; accepted are %.*s", value,
                         STR_ARG(buf_str(&names)));
}

static bool take_action(Exportqueue__V1__AuditAction action, unsigned *out, struct err *err)
{
    for (unsigned i = 0; i < AUDIT_ACTION_COUNT; i++)
        if (proto_actions[i] == action) {
            *out |= BIT(i);
            return true;
        }
    return refuse_action((int)action, err);
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
    if (!take_text(request->page_token, "page_token", &list.page_token, err) ||
        !take_text(request->actor, "actor", &list.actor, err) ||
        !take_text(request->owner, "owner", &list.owner, err) ||
        !take_text(request->job_id, "job_id", &list.job_id, err) ||
        !take_bound(request->since, "since", &list.since_ms, err) ||
        !take_bound(request->until, "until", &list.until_ms, err))
        return false;
    *out = list;
    return true;
}
