/* SPDX-License-Identifier: Apache-2.0
 *
 * What every store refuses, in the same words. Each returns false.
 */
#ifndef QUEUE_REFUSAL_H
#define QUEUE_REFUSAL_H

#include "queue/job.h"

bool refuse_unknown(struct uuid id, struct err *err);
bool refuse_unknown_delivery(struct uuid id, struct err *err);

/* The owner has `limit` active jobs. */
bool refuse_limit(int32_t limit, struct err *err);

/* The request_id was used for something else. */
bool refuse_request_id(struct err *err);

/* The job's state does not allow it; `what` says which states do. */
bool refuse_state(const struct job *job, const char *what, struct err *err);

/* The job has no file: not yet, or not at all. */
bool refuse_without_file(const struct job *job, struct err *err);

#define CANCEL_NEEDS "only a queued or running job can be cancelled"
#define RETRY_NEEDS  "only a failed or cancelled job can be retried"
#define LOST_WORKER  "the worker that ran this job was lost before it was done"

#endif
