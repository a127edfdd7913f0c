/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit_log.h.
 */
#include "server/audit_log.h"

#include "worker/job_log.h"

static const char *const events[AUDIT_ACTION_COUNT] = {
    [AUDIT_CREATE] = "job.created",      [AUDIT_CANCEL] = "job.cancelled",
    [AUDIT_RETRY] = "job.retried",       [AUDIT_DELETE] = "job.deleted",
    [AUDIT_TOKEN] = "token.issued",      [AUDIT_DOWNLOAD] = "download.opened",
    [AUDIT_RESUME] = "download.resumed", [AUDIT_RESEND] = "webhook.resent",
};

static void log_act(const char *event, const struct actor *actor, const struct job *job)
{
    struct log_line line;
    job_log_begin(&line, LOG_INFO, event, job);
    log_add(&line, "actor=%.*s address=%.*s", STR_ARG(actor->name), STR_ARG(actor->address));
    log_end(&line);
}

void audit_log(unsigned acts, const struct actor *actor, const struct job *job)
{
    for (unsigned action = 0; action < AUDIT_ACTION_COUNT; action++)
        if (acts & BIT(action))
            log_act(events[action], actor, job);
}
