/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit.h.
 */
#include "queue/audit.h"

static const char *const names[AUDIT_ACTION_COUNT] = {
    [AUDIT_CREATE] = "create", [AUDIT_CANCEL] = "cancel", [AUDIT_RETRY] = "retry",
    [AUDIT_DELETE] = "delete", [AUDIT_TOKEN] = "token",   [AUDIT_DOWNLOAD] = "download",
    [AUDIT_RESUME] = "resume", [AUDIT_RESEND] = "resend",
};

const char *audit_action_name(enum audit_action action)
{
    return action < AUDIT_ACTION_COUNT ? names[action] : "unknown";
}

enum audit_action audit_action_of(struct str name)
{
    unsigned action = 0;
    while (action < AUDIT_ACTION_COUNT && !str_equal(name, str_of(names[action])))
        action++;
    return (enum audit_action)action;
}

static bool is_text(struct str asked, struct str text)
{
    return str_is_empty(asked) || str_equal(asked, text);
}

bool audit_matches(const struct audit_query *query, const struct audit_entry *entry)
{
    return (!query->before || entry->number < query->before) &&
           is_text(query->actor, entry->actor.name) && is_text(query->owner, entry->owner) &&
           (!query->has_job || uuid_equal(query->job, entry->job)) &&
           (!query->actions || (query->actions & BIT(entry->action))) &&
           (!query->since_ms || entry->at_ms >= query->since_ms) &&
           (!query->until_ms || entry->at_ms < query->until_ms);
}
