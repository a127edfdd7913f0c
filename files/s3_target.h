/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a bucket is: what EXPORT_STORE_URL, AWS_REGION and EXPORT_S3_… say, checked and put
 * together. Who asks is files/s3_keys.h.
 */
#ifndef FILES_S3_TARGET_H
#define FILES_S3_TARGET_H

#include "base/arena.h"
#include "base/buf.h"
#include "files/files.h"

/* All texts end with a NUL and live in the arena. */
struct s3_target {
    struct str bucket_url; /* with a slash at its end; what follows is an object's name */
    struct str prefix;     /* of objects: "" or "exports/"; needs no encoding */
    struct str region;
    struct str ca_file; /* empty: the system's */
};

/* `rest` is what follows "s3:". ERR_INVALID names the setting and what it takes. */
bool s3_target_make(struct str rest, const struct files_s3 *settings, struct arena *arena,
                    struct s3_target *out, struct err *err) MUST_CHECK;

/* Appends a value for a query, encoded as signatures want it (RFC 3986). */
void s3_target_encode(struct str value, struct buf *out);

#endif
