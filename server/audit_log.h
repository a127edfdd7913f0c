/* SPDX-License-Identifier: Apache-2.0
 *
 * A line in the log for each act of the audit, at once the one line of its job's transition:
 *
 *     event=job.created job=… type="trades" owner="alice" actor="alice" address="10.0.0.7"
 *
 * job.created, job.cancelled, job.retried, job.deleted, token.issued, download.opened,
 * download.resumed and webhook.resent.
 */
#ifndef SERVER_AUDIT_LOG_H
#define SERVER_AUDIT_LOG_H

#include "queue/store.h"

/* One line for each act, BIT(enum audit_action)…, of the actor with the job. */
void audit_log(unsigned acts, const struct actor *actor, const struct job *job);

#endif
