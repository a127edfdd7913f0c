/* SPDX-License-Identifier: Apache-2.0
 *
 * What an object store's refusal means: its code and HTTP status as an error of ours, and whether
 * another try may do better.
 */
#ifndef FILES_S3_ERROR_H
#define FILES_S3_ERROR_H

#include "base/err.h"
#include "base/str.h"

/* Tells the error of an answer that is none of success; `body` is empty after HEAD. Returns whether
 * it may pass by itself. */
bool s3_error_tell(long status, struct str body, struct err *err);

#endif
