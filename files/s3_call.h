/* SPDX-License-Identifier: Apache-2.0
 *
 * A request to the bucket, tried again while that may help: after faults of the store, when it asks
 * for less, and when connections break. The pauses double and are spread, so that many who failed
 * at once do not come back at once.
 */
#ifndef FILES_S3_CALL_H
#define FILES_S3_CALL_H

#include "files/s3_http.h"

/* How long a failing request is tried again, from the first try on; 0: once. */
struct s3_patience {
    int64_t budget_ms;
    struct stop *stop; /* NULL: nobody can wish it */
};

/* True: an answer of success. ERR_STORE_UNAVAILABLE, ERR_STORE_DENIED, ERR_NOT_FOUND; ERR_EXISTS:
 * the condition of its header does not hold; ERR_UNIMPLEMENTED; what stop_check says. */
bool s3_call(struct s3_http *http, const struct s3_request *request,
             const struct s3_patience *patience, struct s3_reply *reply,
             struct err *err) MUST_CHECK;

#endif
