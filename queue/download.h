/* SPDX-License-Identifier: Apache-2.0
 *
 * The hand-over of one job's file: the rule of docs/downloads.md, as plain functions over values,
 * the same for every store. A store calls them with the job held, and keeps what they change.
 */
#ifndef QUEUE_DOWNLOAD_H
#define QUEUE_DOWNLOAD_H

#include "queue/store.h"

/* All zero: no token was issued yet. */
struct download {
    int64_t token_no; /* the newest token's */
    int64_t lease;    /* 0: nobody downloads */
    int64_t lease_until_ms;
    int64_t prefix;   /* contiguous bytes from 0 that were taken */
    int64_t sent;     /* contiguous bytes from 0 that were sent and may have arrived */
    int64_t spent_ms; /* when the token was spent; 0: it is not */
    bool is_counting; /* the lease's transfer is not yet counted as a download */
    int32_t used;     /* whole downloads so far */
};

/* As store_issue_token. */
bool download_issue(struct download *download, const struct job *job,
                    const struct store_options *options, int64_t now_ms, int64_t *out_token_no,
                    struct err *err) MUST_CHECK;

/* As store_download_open; `lease` is a number never given before. */
bool download_open(struct download *download, const struct job *job,
                   const struct store_options *options, int64_t now_ms, int64_t token_no,
                   int64_t offset, int64_t lease, struct err *err) MUST_CHECK;

/* As store_download_renew, for a file of `size` bytes. */
bool download_renew(struct download *download, int64_t size, const struct store_options *options,
                    int64_t now_ms, int64_t lease, const struct transfer *transfer,
                    struct err *err) MUST_CHECK;

/* As store_download_close. */
void download_close(struct download *download, int64_t size, const struct store_options *options,
                    int64_t now_ms, int64_t lease, const struct transfer *transfer);

/* A lease that was lost, for a job that is gone too. Returns false. */
bool download_refuse_lease(struct err *err);

#endif
