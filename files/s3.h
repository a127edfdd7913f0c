/* SPDX-License-Identifier: Apache-2.0
 *
 * The file store in a bucket of an S3-compatible object store. A file is an object PREFIX/KEY;
 * while it is written it is a multipart upload, which shows nowhere before it is complete. Nothing
 * is kept on this machine, and a part's worth of memory a writer.
 */
#ifndef FILES_S3_H
#define FILES_S3_H

#include "files/files.h"

/* See files_open_store. `rest` is what follows "s3:". */
bool s3_open_store(struct str rest, const struct files_options *options, struct files **out,
                   struct err *err) MUST_CHECK;

/* See files_try_store. */
bool s3_try_store(struct str rest, const struct files_options *options, struct err *err) MUST_CHECK;

#endif
