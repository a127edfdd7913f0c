/* SPDX-License-Identifier: Apache-2.0
 *
 * See refusal.h.
 */
#include "queue/refusal.h"

enum { LIMIT_RETRY_AFTER_MS = 1000 };

bool refuse_unknown(struct uuid id, struct err *err)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return err_set(err, ERR_NOT_FOUND, "there is no job \"%s\"", text);
}

bool refuse_unknown_delivery(struct uuid id, struct err *err)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    return err_set(err, ERR_NOT_FOUND,
                   "there is no webhook delivery \"%s\"; exportq deliveries lists those kept",
                   text);
}

bool refuse_limit(int32_t limit, struct err *err)
{
    (void)err_set(
        err, ERR_LIMIT,
        "you have %d active exports, which is the limit (EXPORT_MAX_ACTIVE_PER_USER); wait "
        "until one has ended, or cancel one",
        (int)limit);
    return err_retry_after(err, LIMIT_RETRY_AFTER_MS);
}

bool refuse_request_id(struct err *err)
{
    return err_set(err, ERR_EXISTS,
                   "the request id was used for another export; give each request its own");
}

bool refuse_without_file(const struct job *job, struct err *err)
{
    char id[UUID_TEXT_LEN + 1];
    if (job_state_is_final(job->state))
        return refuse_state(job, "it has no file to download", err);
    uuid_format(job->id, id);
    return err_set(err, ERR_NOT_READY,
                   "job %s is %s; its file can be downloaded once it is COMPLETED", id,
                   job_state_name(job->state));
}

bool refuse_state(const struct job *job, const char *what, struct err *err)
{
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job->id, id);
    return err_set(err, ERR_WRONG_STATE, "job %s is %s; %s", id, job_state_name(job->state), what);
}
